"""Which split an image is for, where a list says so or where images that belong together must stay together."""

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import msgspec
import numpy as np
import polars as pl

from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import digest
from bakeoff.core.types import TEST, TRAIN, VAL
from bakeoff.data.image_folder.tree import SPLIT_FOLDERS
from bakeoff.data.index import Index, Problem, examples

FIELD = "field:"


def split_by_field(index: Index, field: str) -> Index:
    """The index with the splits that a field of the images names, which is in their column `group`.

    Raises:
        ConfigError: No image has the field, or it names no split.
    """
    named = _by_field(index, "split_list", field)
    splits = {image: SPLIT_FOLDERS[text.strip().lower()] for image, text in named if _is_split(text)}
    if not splits:
        raise ConfigError(
            f"data.split_list: the field {field!r} of the images names no split ({named[0][1]!r}). Splits: "
            f"{', '.join(SPLIT_FOLDERS)}."
        )
    return _only(index, splits, digest(["field", field]), f"have no split in the field {field!r}")


def split_by_list(index: Index, path: Path) -> Index:
    """The index with the splits of a CSV file: the first column names an image, the last one its split.

    An image is named by its path, by its file's name, with or without the ending, where no other has it, or by its id
    where that is no file's name. A line without a split (a head) is passed over; images that are not listed are left
    out, and said.

    Raises:
        ConfigError: The file can't be read, or lists none of the images.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"data.split_list: {path} can't be read: {error}.") from None
    delimiter = next((one for one in ",;\t" if one in text), ",")
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if len(row) > 1]
    named = {row[0].strip(): SPLIT_FOLDERS[row[-1].strip().lower()] for row in rows if _is_split(row[-1])}
    images: list[tuple[int, str]] = index.images.select("image_id", "file_name").rows()
    short = Counter(key for _, file in images for key in {PurePosixPath(file).name, PurePosixPath(file).stem})
    splits = {}
    for image, file in images:
        keys = [key for key in (PurePosixPath(file).name, PurePosixPath(file).stem) if short[key] == 1]
        keys += [] if short[str(image)] else [str(image)]
        if found := next((named[key] for key in (file, *keys) if key in named), None):
            splits[image] = found
    if not splits:
        raise ConfigError(
            f"data.split_list: {path} lists no image of {index.info.source} with a split; write lines such as "
            f"{index.images['file_name'][0]},train. Splits: {', '.join(SPLIT_FOLDERS)}."
        )
    return _only(index, splits, digest(sorted(named.items())), f"are not listed in {path}")


def split_by_group(index: Index, group_by: str, weights: Mapping[str, float], seed: int) -> Index:
    """The index with a drawn split for each group of images.

    Args:
        index: The images.
        group_by: As `data.group_by`: a regular expression that is searched in each file name, of which what its first
            group matches, or the whole where it has none, names the image's group; or "field:NAME", of which the field
            is in the column `group` of the images.
        weights: By split its part of the images, above 0; each group goes where the least of it is there.
        seed: Seeds the order of the groups.

    Raises:
        ConfigError: It is no regular expression, or finds too few groups; or the images have no such field.
    """
    field = group_field(group_by)
    named = _by_field(index, "group_by", field) if field else _by_name(index, group_by)
    groups: dict[str, list[int]] = {}
    for image, group in named:
        groups.setdefault(group, []).append(image)
    if len(groups) < len(weights):
        where = "images" if field else "file names"
        raise ConfigError(
            f"data.group_by = {group_by!r} finds {len(groups)} groups in the {where} (such as "
            f"{index.images['file_name'][0]}); at least one for each split is needed."
        )
    names = sorted(groups)
    held = dict.fromkeys(weights, 0)
    splits: dict[int, str] = {}
    for position in np.random.default_rng(seed).permutation(len(names)).tolist():
        members = groups[names[position]]
        split = min(held, key=lambda name: held[name] / weights[name])
        splits |= dict.fromkeys(members, split)
        held[split] += len(members)
    return _only(index, splits, digest([group_by, dict(weights), seed]), f"have no group ({group_by})")


def group_field(group_by: str) -> str:
    """The name of the field in "field:NAME"; empty where it is none."""
    return group_by.removeprefix(FIELD) if group_by.startswith(FIELD) else ""


def draw_validation(index: Index, weights: Mapping[str, float], seed: int) -> Index:
    """The index with validation images drawn from each class's training images, where it has test images and none.

    Args:
        index: The images; the first class that is annotated in one counts.
        weights: Of the training and the validation split.
        seed: Seeds the draw.
    """
    if {*index.splits.values()} != {TRAIN, TEST}:
        return index
    share = weights.get(VAL, 0) / ((weights.get(TRAIN, 0) + weights.get(VAL, 0)) or 1)
    generator, splits = np.random.default_rng(seed), dict(index.splits)
    first = index.annotations.group_by("image_id").agg(pl.col("category_id").min()).sort("category_id", "image_id")
    for (_category,), rows in first.group_by("category_id", maintain_order=True):
        own = [image for image in rows["image_id"].to_list() if splits[image] == TRAIN]
        splits |= dict.fromkeys(generator.permutation(own)[: round(share * len(own))].tolist(), VAL)
    info = msgspec.structs.replace(index.info, digest=digest(index.info.digest.encode(), share, seed))
    return replace(index, info=info, splits=splits)


def _by_field(index: Index, key: str, field: str) -> list[tuple[int, str]]:
    if "group" not in index.images.columns or index.images["group"].is_null().all():
        raise ConfigError(f"data.{key}: the images of {index.info.source} have no field {field!r}.")
    return index.images.select("image_id", "group").drop_nulls().rows()


def _by_name(index: Index, pattern: str) -> list[tuple[int, str]]:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"data.group_by = {pattern!r} is no regular expression: {error}.") from None
    named = ((image, expression.search(file)) for image, file in index.images.select("image_id", "file_name").rows())
    return [(image, found[1] if expression.groups else found[0]) for image, found in named if found]


def _is_split(text: str) -> bool:
    return text.strip().lower() in SPLIT_FOLDERS


def _only(index: Index, splits: Mapping[int, str], how: str, why: str) -> Index:
    kept = index.images["image_id"].is_in(list(splits))
    lost = index.images.filter(~kept)
    problems = index.info.problems
    if lost.height:
        files = examples(lost["file_name"].to_list())
        problems = (*problems, Problem("no-split", lost.height, f"{lost.height:,} images {why} ({files}): left out"))
    info = msgspec.structs.replace(
        index.info, digest=digest(index.info.digest.encode(), how.encode()), problems=problems
    )
    annotations = index.annotations.filter(index.annotations["image_id"].is_in(list(splits)))
    return replace(index, info=info, images=index.images.filter(kept), annotations=annotations, splits=splits)
