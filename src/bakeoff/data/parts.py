"""Several instances files as one index: a file per split, or a folder of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from bakeoff.config.data import DataConfig
from bakeoff.core.errors import AnnotationsError, ConfigError
from bakeoff.core.storage import digest, is_folder
from bakeoff.core.types import TEST, TRAIN, VAL
from bakeoff.data.duplicates.names import photo_id
from bakeoff.data.formats.manifest import is_manifest
from bakeoff.data.formats.yolo import is_yolo, yolo_images
from bakeoff.data.image_folder.tree import SPLIT_FOLDERS, is_hidden
from bakeoff.data.index import Index, Problem, examples

LEAK = -(2**62)


class Part(NamedTuple):
    """An instances file and its photos.

    Attributes:
        split: The split that all of its images are for; None for any.
        annotations: Path of the file.
        images: As `data.images`.
    """

    split: str | None
    annotations: str
    images: str


def find_parts(data: DataConfig) -> list[Part]:
    """The instances files of an experiment.

    A folder as `annotations` holds `train`, `valid` (any name of `SPLIT_FOLDERS`) and `test` with an instances file
    each, or Pascal VOC's XML files, beside its photos, as Roboflow exports it; or these themselves, of the same photos.
    YOLO's `data.yaml` names the photos of each split.

    Raises:
        ConfigError: Files of splits are given beside a folder.
        AnnotationsError: The folder holds no instances file, or several for one split.
    """
    more = {VAL: (data.val_annotations, data.val_images), TEST: (data.test_annotations, data.test_images)}
    given = [Part(split, file, images or data.images) for split, (file, images) in more.items() if file]
    if is_folder(data.annotations):
        if given:
            raise ConfigError("data.val_annotations is given beside a folder of instances files; give either.")
        return _in_folder(Path(data.annotations), data.images)
    if is_yolo(data.annotations):
        found = yolo_images(Path(data.annotations))
        return [Part(split, data.annotations, str(images)) for split, images in found.items()]
    parts = [Part(TRAIN if given else None, data.annotations, data.images), *given]
    return [part if part.images or not is_manifest(part.annotations) else _beside(part) for part in parts]


def _beside(part: Part) -> Part:
    """A list of photos is taken to lie in their folder."""
    return part._replace(images=str(Path(part.annotations).parent))


def _in_folder(folder: Path, images: str) -> list[Part]:
    inner = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and entry.name.lower() in SPLIT_FOLDERS]
    by_split = [(SPLIT_FOLDERS[entry.name.lower()], entry, file) for entry in inner for file in _files(entry)]
    parts = [Part(split, str(file), images or str(entry)) for split, entry, file in by_split]
    splits = [split for split, *_ in by_split]
    if len({*splits}) < len(splits):
        raise AnnotationsError(f"{folder} holds several instances files for one split: {', '.join(splits)}; keep one.")
    parts = parts or [Part(None, str(file), images or str(folder)) for file in _files(folder)]
    if not parts:
        raise AnnotationsError(f"{folder} holds no instances file (.json), nor do folders train and valid in it.")
    return parts


def _files(folder: Path) -> list[Path]:
    """The files of labels in a folder; the folder itself where it has Pascal VOC's XML files."""
    entries = sorted(folder.iterdir())
    found = [entry for entry in entries if _is_labels(entry.name)]
    return found or [folder][: any(entry.suffix.lower() == ".xml" for entry in entries)]


def _is_labels(name: str) -> bool:
    return not is_hidden(name) and (name.endswith(".json") or name in {"metadata.csv", "metadata.jsonl"})


def prefixes(parts: Sequence[Part]) -> list[str]:
    """What is put before the file names of each part, to tell where a photo is; empty where all are in one."""
    apart = len({part.images for part in parts}) > 1
    return [f"{part.split}/" if apart else "" for part in parts]


def combine(parts: Sequence[Part], indexes: Sequence[Index]) -> Index:
    """One index of several files: categories of one name are one, ids that clash are counted on.

    A photo in the files of two splits is kept in the later one only (train, val, test): a leak, and said. In two files
    of one split it is one image with the annotations of both. It is known by its path, or the id in its name.

    Args:
        parts: The files.
        indexes: What each holds.
    """
    first = indexes[0]
    names = dict.fromkeys(name for index in indexes for name in index.categories["name"])
    ids = dict(zip(names, range(1, len(names) + 1), strict=True))
    images, annotations = list[pl.DataFrame](), list[pl.DataFrame]()
    splits: dict[int, str] = {}
    for part, prefix, index in zip(parts, prefixes(parts), indexes, strict=True):
        shift = _shift(images, index.images, "image_id")
        marks = _shift(annotations, index.annotations, "annotation_id")
        own = dict(index.categories.select("category_id", pl.col("name").replace_strict(ids)).iter_rows())
        images.append(
            index.images.with_columns(pl.col("image_id") + shift, (prefix + pl.col("file_name")).alias("file_name"))
        )
        annotations.append(
            index.annotations.with_columns(
                pl.col("image_id") + shift,
                pl.col("annotation_id") + marks,
                pl.col("category_id").replace_strict(own, return_dtype=pl.Int64),
            )
        )
        splits |= dict.fromkeys(images[-1]["image_id"].to_list(), part.split) if part.split else {}
    table = pl.concat(images).sort("image_id")
    same = _same(images, splits)
    table = table.filter(~pl.col("image_id").is_in([*same]))
    kept = pl.concat(annotations).with_columns(pl.col("image_id").replace(same))
    kept = kept.join(table, on="image_id", how="semi").sort("image_id", "annotation_id")
    leaks = [image for image, other in same.items() if other == LEAK]
    categories = pl.concat([index.categories for index in indexes]).unique("name", keep="first", maintain_order=True)
    info = msgspec.structs.replace(
        first.info,
        digest=digest([(part.split, index.info.digest) for part, index in zip(parts, indexes, strict=True)]),
        objects_known=all(index.info.objects_known for index in indexes),
        boxes_known=all(index.info.boxes_known for index in indexes),
        licenses=tuple(dict.fromkeys(one for index in indexes for one in index.info.licenses)),
        problems=(*(problem for index in indexes for problem in index.info.problems), *_said(table, leaks, images)),
    )
    return replace(
        first,
        info=info,
        images=table,
        annotations=kept,
        categories=categories.with_columns(pl.col("name").replace_strict(ids).alias("category_id")),
        splits={image: splits[image] for image in table["image_id"] if image in splits},
    )


def _shift(before: Sequence[pl.DataFrame], table: pl.DataFrame, key: str) -> int:
    """What is added to ids so that none is there already: 0 where none is."""
    there = pl.concat([one[key] for one in before]) if before else pl.Series([], dtype=pl.Int64)
    if not table[key].is_in(there.implode()).any():
        return 0
    return int(there.max()) + 1 - min(int(table[key].min()), 0)  # type: ignore[arg-type]  # ids are integers


def _same(images: Sequence[pl.DataFrame], splits: Mapping[int, str]) -> dict[int, int]:
    """By the id of an image that is not kept that of the same photo in another file; `LEAK` across splits."""
    rank: dict[str | None, int] = {TEST: 0, VAL: 1, TRAIN: 2, None: 3}
    seen: dict[str | int, int] = {}
    same: dict[int, int] = {}
    for table in sorted(images, key=lambda table: rank[splits.get(table["image_id"][0])] if table.height else 0):
        own: dict[str | int, int] = {}
        for image, file in table.select("image_id", "file_name").iter_rows():
            keys = [key for key in (file, photo_id(file)) if key is not None]
            other = next((seen[key] for key in keys if key in seen), None)
            if other is not None:
                same[image] = other if splits.get(image) == splits.get(other) else LEAK
            own |= dict.fromkeys(keys, image if other is None else other)
        seen = own | seen
    return same


def _said(kept: pl.DataFrame, leaks: Sequence[int], images: Sequence[pl.DataFrame]) -> list[Problem]:
    if not leaks:
        return []
    files = pl.concat(images).filter(pl.col("image_id").is_in(leaks))["file_name"].to_list()
    message = (
        f"{len(leaks):,} photos are in the files of two splits ({examples(files)}), a leak: used for test before val "
        f"before train; {kept.height:,} are left"
    )
    return [Problem("photo-in-two-files", len(leaks), message)]
