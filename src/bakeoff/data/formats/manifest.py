"""A list of photos with their labels: a CSV file, or the metadata of Hugging Face's image folders."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bakeoff.core.errors import AnnotationsError, ImageError
from bakeoff.core.untrusted import check_name
from bakeoff.data.image_folder.indexing import tree_index
from bakeoff.data.image_folder.tree import SPLIT_FOLDERS, Tree, TreeImage
from bakeoff.data.index import Index

SUFFIXES = (".csv", ".tsv", ".jsonl")
COLUMNS = {
    "file": ("file_name", "path", "filepath", "filename", "file", "image", "image_path"),
    "label": ("label", "class", "class_name", "category", "target"),
    "split": ("split", "set", "subset"),
}
"""What the columns are called, the most telling name first."""


def is_manifest(annotations: str) -> bool:
    """Whether a path is that of a list of photos, by its suffix."""
    return annotations.lower().endswith(SUFFIXES)


def read_manifest(path: Path, images: Path) -> Index:
    """A list of photos as an index: each photo an image with one annotation, over the whole of it, as in a tree.

    Args:
        path: A CSV file `path,label[,split]`, with or without a head, or lines of JSON objects.
        images: The folder that the photos' paths are relative to.

    Raises:
        AnnotationsError: It can't be read, a line has no label or an unknown split, or a photo has two labels.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = _json_rows(text) if path.suffix.lower() == ".jsonl" else _csv_rows(text)
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise AnnotationsError(f"{path} can't be read: {error}.") from None
    photos = dict[str, TreeImage]()
    for number, row in enumerate(rows, 1):
        photo = _photo(f"{path}, entry {number}", row)
        other = photos.setdefault(photo.file, photo)
        if other.label != photo.label:
            raise AnnotationsError(
                f"{path} lists {photo.file} as {other.label!r} and as {photo.label!r}; each photo has one label."
            )
    splits = {photo.split for photo in photos.values()}
    if None in splits and len(splits) > 1:
        bare = next(photo.file for photo in photos.values() if photo.split is None)
        raise AnnotationsError(f"{path} gives some photos a split, but not {bare}; give all of them one, or none.")
    if not photos:
        raise AnnotationsError(f"{path} lists no photos; write lines such as cat/1.jpg,cat,train.")
    classes = tuple(sorted({photo.label for photo in photos.values()}))
    index = tree_index(Tree(images, tuple(splits), classes, tuple(sorted(photos.values())), ()))
    return Index(
        msgspec.structs.replace(index.info, source=str(path)),
        index.images,
        index.annotations,
        index.categories,
        splits=index.splits,
    )


def _csv_rows(text: str) -> list[Mapping[str, str]]:
    lines = text.splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    head = _columns(rows[0]) if rows else {}
    if {"file", "label"} <= {*head}:
        return [{key: row[at] for key, at in head.items() if at < len(row)} for row in rows[1:]]
    return [dict(zip(COLUMNS, row, strict=False)) for row in rows]


def _json_rows(text: str) -> list[Mapping[str, str]]:
    records = [msgspec.json.decode(line, type=dict[str, object]) for line in text.splitlines() if line.strip()]
    heads = [[*record] for record in records]
    columns = [(record, head, _columns(head)) for record, head in zip(records, heads, strict=True)]
    return [{key: _text(record[head[at]], key) for key, at in found.items()} for record, head, found in columns]


def _text(value: object, key: str) -> str:
    if isinstance(value, list | dict):
        raise ValueError(f"a photo's {key} is a {type(value).__name__}, where a text or a number is meant")
    return "" if value is None else str(value)


def _columns(head: Sequence[str]) -> dict[str, int]:
    """Where the columns are, as far as the head names them."""
    names = [name.strip().lower() for name in head]
    found = {key: next((names.index(name) for name in known if name in names), None) for key, known in COLUMNS.items()}
    return {key: at for key, at in found.items() if at is not None}


def _photo(where: str, row: Mapping[str, str]) -> TreeImage:
    file, label, split = (row.get(key, "").strip() for key in COLUMNS)
    if not file or not label:
        raise AnnotationsError(
            f"{where} has no {'label' if file else 'path'}; write lines such as cat/1.jpg,cat,train."
        )
    if split and split.lower() not in SPLIT_FOLDERS:
        raise AnnotationsError(f"{where} has the split {split!r}; choices: {', '.join(SPLIT_FOLDERS)}.")
    file = file.replace("\\", "/").removeprefix("./")
    try:
        check_name(file)
    except ImageError as error:
        raise AnnotationsError(f"{where}, {file}: {error}.") from None
    return TreeImage(file, label, SPLIT_FOLDERS[split.lower()] if split else None)
