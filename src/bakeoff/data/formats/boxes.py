"""Photos of a folder and boxes in them, from any format, as an index."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from bakeoff.core.storage import digest
from bakeoff.data.coco.background import add_background
from bakeoff.data.image_folder.indexing import photo_size
from bakeoff.data.image_folder.tree import is_hidden
from bakeoff.data.index import Index, IndexInfo, Problem, examples
from bakeoff.data.photo_formats import SUFFIXES

BOX = {
    "file_name": pl.String,
    "name": pl.String,
    "left": pl.Float64,
    "top": pl.Float64,
    "right": pl.Float64,
    "bottom": pl.Float64,
    "crowd": pl.Boolean,
}
"""A box: its photo, its class, its edges and whether it is a crowd."""


def find_photos(folder: Path) -> list[str]:
    """The paths of the photos in a folder and below it, relative to it, with slashes; sorted."""
    found = [file.relative_to(folder) for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES]
    return sorted(file.as_posix() for file in found if not any(map(is_hidden, file.parts)))


def by_name(files: Iterable[str]) -> dict[str, str]:
    """Files by what may name them: the path, with or without suffix, and a name that only one of them has."""
    paths = {file: PurePosixPath(file) for file in files}
    keys = [(key, file) for file, path in paths.items() for key in {str(path.with_suffix("")), path.name, path.stem}]
    counts = Counter(key for key, _ in keys)
    return {key: file for key, file in keys if counts[key] == 1} | {file: file for file in paths}


def image_table(folder: Path, files: Sequence[str]) -> pl.DataFrame:
    """`Index.images` of photos in a folder, with the sizes that their headers claim; ids count from 1."""
    sizes = [photo_size(folder / file)[1:] for file in files]
    columns = {
        "image_id": range(1, len(files) + 1),
        "file_name": files,
        "width": [width for width, _ in sizes],
        "height": [height for _, height in sizes],
        "license": None,
        "url": None,
    }
    types = {"image_id": pl.Int64, "width": pl.Int32, "height": pl.Int32, "license": pl.Int64, "url": pl.String}
    return pl.DataFrame(columns, schema_overrides={"file_name": pl.String, **types})


def to_pixels(boxes: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Boxes whose edges are fractions of their photo, 0 to 1, in pixels.

    Rounded to thousandths: files have six digits, and a crop that ends at a whole pixel should not get one more.
    """
    sized = boxes.join(images, on="file_name", maintain_order="left")
    return sized.with_columns(
        (pl.col("left", "right") * pl.col("width")).round(3), (pl.col("top", "bottom") * pl.col("height")).round(3)
    )


def boxes_index(
    source: Path, images: pl.DataFrame, boxes: pl.DataFrame, names: Iterable[str], problems: Iterable[Problem]
) -> Index:
    """An index of boxes, clipped to their photos; those without a positive size are dropped, and said.

    Args:
        source: What was read.
        images: See `image_table`.
        boxes: The columns of `BOX`, in pixels.
        names: The classes, in the order of their ids.
        problems: What is to be said already; of those that count nothing, nothing is.
    """
    order = list(dict.fromkeys(names))
    categories = pl.DataFrame(
        {"category_id": range(1, len(order) + 1), "name": order, "supercategory": ""},
        schema={"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String},
    )
    found = (
        boxes.select(*BOX)
        .join(images, on="file_name")
        .join(categories, on="name")
        .with_columns(
            pl.col("left", "right").clip(0, pl.col("width")), pl.col("top", "bottom").clip(0, pl.col("height"))
        )
        .with_columns(
            pl.col("left").alias("x"),
            pl.col("top").alias("y"),
            (pl.col("right") - pl.col("left")).alias("width"),
            (pl.col("bottom") - pl.col("top")).alias("height"),
        )
    )
    finite = (pl.col("width") * pl.col("height")).is_finite()
    sized = (finite & (pl.col("width") > 0) & (pl.col("height") > 0)).fill_null(value=False)
    empty = found.filter(~sized)["file_name"]
    rows = (
        found.filter(sized)
        .select("image_id", "category_id", "x", "y", "width", "height", "crowd")
        .sort(pl.all())
        .select(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("annotation_id"),
            *("image_id", "category_id", "x", "y", "width", "height"),
            (pl.col("width") * pl.col("height")).alias("area"),
            "crowd",
        )
    )
    said = [*problems, problem("empty-box", "boxes have no positive size in their photo: dropped", empty)]
    info = IndexInfo(
        str(source),
        digest(images.rows(), rows.rows(), categories.rows()),
        problems=tuple(each for each in said if each.count),
    )
    return Index(info, images, rows, categories)


def with_background(index: Index, files: Iterable[str], none: str) -> Index:
    """The index with photos that show nothing as a class of their own, where `data.none` names one."""
    rows = index.images.filter(pl.col("file_name").is_in(sorted(files)))
    return add_background(index, rows["image_id"].to_list(), none) if none else index


def problem(code: str, message: str, entries: Iterable[str]) -> Problem:
    """A problem of so many entries, each named as often as it has it."""
    found = list(entries)
    return Problem(code, len(found), f"{len(found):,} {message} ({examples(list(dict.fromkeys(found)))})")
