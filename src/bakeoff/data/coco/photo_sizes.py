"""What only the photos can tell of a file: their sizes where it states none, and which of them EXIF turned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from bakeoff.config.data import BoxFormat
from bakeoff.core.storage import digest
from bakeoff.data.coco.boxes import fit_boxes
from bakeoff.data.coco.columns import order
from bakeoff.data.coco.indexing import Reading
from bakeoff.data.index import Index, Problem, examples

Sizes = Mapping[int, tuple[int, int]]
Measure = Callable[[pl.DataFrame], Sizes]
"""By image id width and height of upright photos; takes rows of `Index.images`, and leaves out what can't be read."""


def with_sizes(reading: Reading, box_format: BoxFormat, measure: Measure | None) -> Index:
    """The index with the annotations whose images were not sure.

    Where a file states the size of a photo before EXIF turned it, and boxes of the upright photo, these leave their
    images. Where the photos prove that, width and height are exchanged, also for the images whose boxes fit both ways.

    Args:
        reading: What the file says.
        box_format: As `data.box_format`.
        measure: Reads sizes; None where there are no photos.

    Raises:
        AnnotationsError: Most boxes leave their image, and the format is "auto".
    """
    index, unsure = reading.index, reading.unsure
    bare = index.images["width"].is_null()
    if unsure.is_empty() and not bare.any():
        return index
    measured = dict(measure(index.images.filter(bare | _of(index, unsure)))) if measure else {}
    problems = []
    if turned := _exchanged(index.images, measured):
        rest = index.images.filter(_of(index, index.annotations) & (pl.col("width") != pl.col("height")))
        turned |= _exchanged(rest, measure(rest)) if measure else set()
        message = (
            f"{len(turned):,} photos are turned by EXIF, and their boxes are of the upright photo, the stated size is "
            f"not (ids {examples(sorted(turned))}): width and height are exchanged"
        )
        problems.append(Problem("turned-size", len(turned), message))
    images = _sized(index.images, measured, turned)
    found = images.filter(bare & pl.col("width").is_not_null())["image_id"].to_list()
    if found:
        message = f"{len(found):,} images state no size (ids {examples(found)}): taken from their photos"
        problems.append(Problem("size-of-photo", len(found), message))
    sized = unsure.join(images.filter(pl.col("width").is_not_null()), on="image_id", how="semi", maintain_order="left")
    alone = measure is not None and index.annotations.is_empty()  # else the others were judged, and these are few
    check = box_format == "auto" and alone
    fitted, clipped = fit_boxes(sized, images, index.info.source, fractions=reading.fractions, check=check)
    unsized, lost = _without_size(unsure, images, photos=measure is not None)
    info = msgspec.structs.replace(
        index.info,
        problems=(*index.info.problems, *problems, *clipped, *lost),
        digest=digest(index.info.digest.encode(), sorted(measured.items()), sorted(turned))
        if measured
        else index.info.digest,
        boxes_known=index.info.boxes_known,
    )
    return replace(index, info=info, images=images, annotations=order(pl.concat([index.annotations, fitted, unsized])))


def _of(index: Index, annotations: pl.DataFrame) -> pl.Series:
    """Which images have one of the annotations."""
    return index.images["image_id"].is_in(annotations["image_id"].unique().implode())


def _exchanged(images: pl.DataFrame, sizes: Sizes) -> set[int]:
    """The images whose photo has the stated size with width and height exchanged."""
    stated = images.select("image_id", "width", "height").iter_rows()
    return {image for image, width, height in stated if width != height and sizes.get(image) == (height, width)}


def _sized(images: pl.DataFrame, measured: Sizes, turned: set[int]) -> pl.DataFrame:
    schema = {"image_id": pl.Int64, "_w": pl.Int32, "_h": pl.Int32}
    sizes = pl.DataFrame([(image, *size) for image, size in measured.items()], schema=schema, orient="row")
    width, height, other = pl.col("width"), pl.col("height"), pl.col("image_id").is_in(sorted(turned))
    return (
        images.join(sizes, on="image_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(other).then(height).otherwise(width.fill_null(pl.col("_w"))).alias("width"),
            pl.when(other).then(width).otherwise(height.fill_null(pl.col("_h"))).alias("height"),
        )
        .select(images.columns)
    )


def _without_size(unsure: pl.DataFrame, images: pl.DataFrame, *, photos: bool) -> tuple[pl.DataFrame, list[Problem]]:
    """The annotations of images whose size is not known: left out where their photos can't be read."""
    bare = images.filter(pl.col("width").is_null())
    rows = unsure.join(bare, on="image_id", how="semi", maintain_order="left")
    if not rows.height:
        return rows, []
    files: Sequence[str] = bare["file_name"].to_list()
    fate = (
        "nor can their photos be read: dropped" if photos else "which is read from the photos: give them (data.images)"
    )
    message = f"{bare.height:,} images state no width and height ({examples(files)}), {fate}"
    return (rows.clear() if photos else rows), [Problem("no-size", bare.height, message)]
