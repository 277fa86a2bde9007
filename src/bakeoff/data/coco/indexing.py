"""From a decoded document to checked columns, and what is asked of them."""

from collections import Counter
from typing import TypeVar

import polars as pl

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.coco.entries import Category, Document, Image
from bakeoff.data.index import Index, IndexInfo, License, Problem

Entry = TypeVar("Entry", Image, Category)

TOLERANCE = 1.0
"""Pixels by which a box may leave its image without being counted: annotation tools round."""

EXAMPLES = 3
LARGEST_SIDE = 2**31 - 1


def build_index(document: Document, annotations: pl.DataFrame, source: str, digest: str) -> Index:
    """Checks a document and turns it into columns.

    Args:
        document: The file's content but its annotations.
        annotations: These, as `Index.annotations`, of a file whose order of entries does not matter.
        source: The file's path.
        digest: Digest of the file's bytes.

    Returns:
        The index, with a `Problem` for each kind of thing that was dropped, clipped or is ambiguous.

    Raises:
        AnnotationsError: An image or category id is used for two different things, or an image has no size.
    """
    images, double_images = _unique(document.images, "images", source)
    categories, double_categories = _unique(document.categories, "categories", source)
    _check_sizes(images, source)
    image_table, category_table = _image_table(images), _category_table(categories)
    annotations, problems = _check_annotations(annotations, image_table, category_table)
    image_table, annotations, shared = _one_image_a_file(image_table, annotations)
    problems += shared
    problems += [
        *_repeated("double-image", "images", double_images),
        *_repeated("double-category", "categories", double_categories),
        *_shared_names(categories),
    ]
    licenses = tuple(License(entry.id, entry.name or "", entry.url or "") for entry in document.licenses)
    info = IndexInfo(source, digest, licenses, tuple(problems))
    return Index(info, image_table, annotations, category_table)


def images_with(index: Index, category_id: int) -> list[int]:
    """The ids of the images with an annotation of a category, ascending (pycocotools' `getImgIds(catIds=[…])`)."""
    rows = index.annotations.filter(pl.col("category_id") == category_id)
    return rows["image_id"].unique().sort().to_list()


def summary(index: Index) -> pl.DataFrame:
    """One row per category, most images first: category str; images, annotations, crowd u32 (annotations of crowds)."""
    counts = index.annotations.group_by("category_id").agg(
        pl.col("image_id").n_unique().alias("images"),
        pl.len().alias("annotations"),
        pl.col("crowd").sum().alias("crowd"),
    )
    return (
        index.categories.join(counts, on="category_id", how="left")
        .select(pl.col("name").alias("category"), pl.col("images", "annotations", "crowd").fill_null(0))
        .sort("images", "category", descending=[True, False])
    )


def _unique(entries: list[Entry], section: str, source: str) -> tuple[list[Entry], list[int]]:
    """The entries by ascending id, equal ones once, and the ids that stood there more than once."""
    by_id: dict[int, Entry] = {}
    repeated: set[int] = set()
    ambiguous: set[int] = set()
    for entry in entries:
        if by_id.setdefault(entry.id, entry) is not entry:
            (repeated if by_id[entry.id] == entry else ambiguous).add(entry.id)
    if ambiguous:
        raise AnnotationsError(
            f"{source}: different {section} have the same id (ids {_examples(sorted(ambiguous))}); give each its own "
            "id there."
        )
    return [by_id[key] for key in sorted(by_id)], sorted(repeated)


def _examples(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:EXAMPLES]))
    return f"{shown}, …" if len(ids) > EXAMPLES else shown


def _check_sizes(images: list[Image], source: str) -> None:
    for image in images:
        if not (0 < image.width <= LARGEST_SIDE and 0 < image.height <= LARGEST_SIDE):
            raise AnnotationsError(
                f"{source}: image {image.id} has the size {image.width} x {image.height}; give its width and height in "
                "pixels there."
            )


def _image_table(images: list[Image]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image_id": [image.id for image in images],
            "file_name": [image.file_name for image in images],
            "width": [image.width for image in images],
            "height": [image.height for image in images],
            "license": [image.license for image in images],
            "url": [image.coco_url for image in images],
        },
        schema={
            "image_id": pl.Int64,
            "file_name": pl.String,
            "width": pl.Int32,
            "height": pl.Int32,
            "license": pl.Int64,
            "url": pl.String,
        },
    )


def _category_table(categories: list[Category]) -> pl.DataFrame:
    rows = [(category.id, category.name, category.supercategory or "") for category in categories]
    schema = {"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _check_annotations(
    table: pl.DataFrame, images: pl.DataFrame, categories: pl.DataFrame
) -> tuple[pl.DataFrame, list[Problem]]:
    """Drops and clips what can't be used; see the messages."""
    problems: list[Problem] = []

    def note(code: str, rows: pl.DataFrame, message: str) -> None:
        if rows.height:
            ids = _examples(rows["annotation_id"].to_list())
            problems.append(Problem(code, rows.height, f"{rows.height:,} annotations {message} (ids {ids})"))

    def drop(code: str, bad: pl.Expr, message: str) -> None:
        nonlocal table
        note(code, table.filter(bad), f"{message}: dropped")
        table = table.filter(~bad)

    drop(
        "unknown-image",
        ~pl.col("image_id").is_in(images["image_id"].implode()),
        "are of images that the file does not list",
    )
    drop(
        "unknown-category",
        ~pl.col("category_id").is_in(categories["category_id"].implode()),
        "are of categories that the file does not list",
    )
    note("double-annotation", table.filter(~pl.col("annotation_id").is_first_distinct()), "repeat an id: kept")
    sides = images.select("image_id", pl.col("width").alias("_w"), pl.col("height").alias("_h"))
    table = table.join(sides, on="image_id", how="left", maintain_order="left")
    x, y, width, height = (pl.col(name) for name in ("x", "y", "width", "height"))
    finite = x.is_finite() & y.is_finite() & width.is_finite() & height.is_finite()
    drop("empty-box", ~finite | (width <= 0) | (height <= 0), "have a box without a positive size")
    drop(
        "box-outside",
        (x >= pl.col("_w")) | (y >= pl.col("_h")) | (x + width <= 0) | (y + height <= 0),
        "have a box outside of their image",
    )
    leaves = (
        (x < -TOLERANCE)
        | (y < -TOLERANCE)
        | (x + width > pl.col("_w") + TOLERANCE)
        | (y + height > pl.col("_h") + TOLERANCE)
    )
    note("box-over-border", table.filter(leaves), "have a box that leaves their image: clipped to it")
    note("no-area", table.filter(pl.col("area") <= 0), "have an area that is not positive: their box's is taken")
    table = table.with_columns(*_clip("x", "width", "_w"), *_clip("y", "height", "_h")).drop("_w", "_h")
    area = pl.when(pl.col("area") > 0).then("area").otherwise(width * height)  # where the file has none, too
    return table.with_columns(area.alias("area")), problems


def _one_image_a_file(
    images: pl.DataFrame, annotations: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, list[Problem]]:
    """Of images that name one file the one with the lowest id, so that no photo is used twice under two ids."""
    again = images.filter(~pl.col("file_name").is_first_distinct())
    if again.is_empty():
        return images, annotations, []
    ids = _examples(again["image_id"].to_list())
    message = f"{again.height:,} images name a file that another image names, too (ids {ids}): dropped"
    kept = images.join(again, on="image_id", how="anti", maintain_order="left")
    annotations = annotations.join(again, on="image_id", how="anti", maintain_order="left")
    return kept, annotations, [Problem("shared-file", again.height, message)]


def _clip(start: str, extent: str, side: str) -> tuple[pl.Expr, pl.Expr]:
    """A box's start and extent along one axis, clipped to the image."""
    low = pl.col(start).clip(0, pl.col(side))
    high = (pl.col(start) + pl.col(extent)).clip(0, pl.col(side))
    inside = (pl.col(start) >= 0) & (pl.col(start) + pl.col(extent) <= pl.col(side))
    return (
        pl.when(inside).then(pl.col(start)).otherwise(low).alias(start),
        pl.when(inside).then(pl.col(extent)).otherwise(high - low).alias(extent),
    )


def _repeated(code: str, section: str, ids: list[int]) -> list[Problem]:
    if not ids:
        return []
    message = f"{len(ids):,} {section} occur more than once, identical (ids {_examples(ids)}): kept once"
    return [Problem(code, len(ids), message)]


def _shared_names(categories: list[Category]) -> list[Problem]:
    shared = [name for name, count in Counter(category.name for category in categories).items() if count > 1]
    return [
        Problem("shared-name", 1, f"several categories are named {name!r}: it can't be chosen as a class")
        for name in shared
    ]
