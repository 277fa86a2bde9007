"""Annotated objects instead of photos: each becomes an image of its own, cut out of its photo."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl

from bakeoff.core.storage import digest
from bakeoff.data.index import Index
from bakeoff.data.selection.candidates import class_ids

VISIBLE = 0.25
"""Another object is in a crop where so much of its box is."""


def crop_objects(
    index: Index, classes: Sequence[str], *, margin: float, min_side: int, quotas: Mapping[str, float], seed: int
) -> Index:
    """An index whose images are the annotated objects of the classes.

    An object's image has the id of its annotation and the file name of its photo with the crop box.
    Its one annotation that counts is the object; other objects of the classes that reach into it are kept as crowd
    annotations, so that they are known and do not decide. So is an object that is a crowd, or too small. All objects
    of a photo are for its split, which is drawn where it has none: no photo is in two.

    Args:
        index: The annotations.
        classes: The target classes.
        margin: Fraction of the box's sides that is added at each end, as far as the photo reaches.
        min_side: Pixels; an object whose box has a shorter side is no candidate.
        quotas: In whose proportion photos are drawn for the splits.
        seed: Seeds the draw.

    Raises:
        SelectionError: The classes can't be used.
    """
    objects = index.annotations.filter(pl.col("category_id").is_in(class_ids(index, classes))).join(
        index.images, on="image_id", suffix="_photo"
    )
    crops = objects.with_columns(
        _edge("x", "width", -margin).floor().clip(0).alias("left"),
        _edge("y", "height", -margin).floor().clip(0).alias("top"),
        pl.min_horizontal(_edge("x", "width", 1 + margin).ceil(), "width_photo").alias("right"),
        pl.min_horizontal(_edge("y", "height", 1 + margin).ceil(), "height_photo").alias("bottom"),
    )
    return replace(
        index,
        info=msgspec.structs.replace(
            index.info, digest=digest(index.info.digest.encode(), classes, [margin, min_side, dict(quotas), seed])
        ),
        images=_images(crops),
        annotations=_annotations(crops, objects, min_side),
        splits=_splits(crops, index.splits, quotas, seed),
    )


def _edge(start: str, extent: str, share: float) -> pl.Expr:
    """Rounded to thousandths, so that the noise of numbers that were fractions adds no pixel."""
    return (pl.col(start) + share * pl.col(extent)).round(3)


def _images(crops: pl.DataFrame) -> pl.DataFrame:
    sides = [(pl.col("right") - pl.col("left")).alias("width"), (pl.col("bottom") - pl.col("top")).alias("height")]
    crop_box = [column.cast(pl.Int32).cast(pl.String) for column in (pl.col("left"), pl.col("top"), *sides)]
    return crops.select(
        pl.col("annotation_id").alias("image_id"),
        pl.concat_str(
            pl.col("file_name"),
            pl.lit("#xywh="),
            pl.concat_str(crop_box, separator=","),
            pl.lit("&size="),
            pl.concat_str(pl.col("width_photo"), pl.col("height_photo"), separator=","),
        ),
        *(side.cast(pl.Int32) for side in sides),
        "license",
        "url",
    ).sort("image_id")


def _annotations(crops: pl.DataFrame, objects: pl.DataFrame, min_side: int) -> pl.DataFrame:
    """Each object in its own crop, and in those of others of its photo."""
    windows = crops.select("image_id", pl.col("annotation_id").alias("crop"), "left", "top", "right", "bottom")
    own = pl.col("annotation_id") == pl.col("crop")
    small = pl.min_horizontal("width", "height") < min_side
    left, top = pl.max_horizontal("x", "left"), pl.max_horizontal("y", "top")
    width = (pl.min_horizontal(pl.col("x") + pl.col("width"), "right") - left).clip(0)
    height = (pl.min_horizontal(pl.col("y") + pl.col("height"), "bottom") - top).clip(0)
    return (
        windows.join(objects, on="image_id")
        .filter(own | (width * height >= VISIBLE * pl.col("width") * pl.col("height")))
        .select(
            "annotation_id",
            pl.col("crop").alias("image_id"),
            "category_id",
            (left - pl.col("left")).alias("x"),
            (top - pl.col("top")).alias("y"),
            width.alias("width"),
            height.alias("height"),
            pl.when(own).then("area").otherwise(width * height).alias("area"),
            (pl.col("crowd") | small | ~own).alias("crowd"),
        )
        .sort("image_id", "annotation_id")
    )


def _splits(crops: pl.DataFrame, fixed: Mapping[int, str], quotas: Mapping[str, float], seed: int) -> dict[int, str]:
    photos = crops["image_id"].unique().sort().to_list()
    total = sum(quotas.values())
    fractions = [quota / total for quota in quotas.values()]
    draws = np.random.default_rng(seed).choice(list(quotas), len(photos), p=fractions).tolist() if total else photos
    split = fixed or dict(zip(photos, draws, strict=True))
    return {crop: split[photo] for crop, photo in crops.select("annotation_id", "image_id").iter_rows()}
