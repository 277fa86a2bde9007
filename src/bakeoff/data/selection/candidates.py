"""The images that hold a target class, as arrays for the policies and as rows for the ledger."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import SelectionError, listed, unknown_name
from bakeoff.core.types import SPLITS
from bakeoff.data.index import Index

BOX = pl.Struct(
    {
        "label": pl.String,
        "x": pl.Float32,
        "y": pl.Float32,
        "width": pl.Float32,
        "height": pl.Float32,
        "crowd": pl.Boolean,
    }
)
SMALLEST_CLASS_COUNT = 2
ANY = -1


@dataclass(frozen=True)
class Candidates:
    """The images with an annotation of a target class, by ascending image id; N images, K classes.

    Attributes:
        image_ids: int64 (N,).
        annotated: bool (N, K): whether the class is annotated in the image at all.
        holds: bool (N, K): whether one of these annotations counts: no crowd (unless asked for), not below `min_area`.
        areas: float64 (N, K): the annotated area of the annotations that count, as a fraction of the image's.
        splits: int64 (N,): the position in `SPLITS` of the split for which the image may be taken, or -1: any; one or
            the other for all images.
    """

    image_ids: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.bool_]
    holds: npt.NDArray[np.bool_]
    areas: npt.NDArray[np.float64]
    splits: npt.NDArray[np.int64]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> "Candidates":
        """Some of the candidates."""
        return Candidates(
            self.image_ids[rows], self.annotated[rows], self.holds[rows], self.areas[rows], self.splits[rows]
        )


def class_ids(index: Index, classes: Sequence[str]) -> list[int]:
    """The category id of each class.

    Raises:
        SelectionError: Fewer than two classes, one of them twice, unknown, or the name of several categories.
    """
    names = index.categories["name"].to_list()
    if len(classes) < SMALLEST_CLASS_COUNT:
        raise SelectionError(
            f"{len(classes)} target classes are given, at least two are needed (data.classes). "
            f"Categories of {index.info.source}: {listed(names)}."
        )
    given, known = Counter(classes), Counter(names)
    for name in classes:
        if given[name] > 1:
            raise SelectionError(f"class {name!r} is given {given[name]} times; name each class once.")
        if not known[name]:
            raise SelectionError(f"{index.info.source}: {unknown_name('class', name, names)}")
        if known[name] > 1:
            raise SelectionError(
                f"{index.info.source} has {known[name]} categories named {name!r}; give each its own name there."
            )
    by_name = dict(zip(names, index.categories["category_id"].to_list(), strict=True))
    return [by_name[name] for name in classes]


def target_annotations(index: Index, config: SelectionConfig) -> pl.DataFrame:
    """The annotations of target classes, with their images.

    Returns:
        The columns of `Index.annotations`, and label i64, fraction f64 (the area's, of the image), counts bool,
        image_width and image_height i32; ascending by image_id, then label, then annotation_id.

    Raises:
        SelectionError: The classes can't be used, or an image has no size.
    """
    labels = {category: label for label, category in enumerate(class_ids(index, config.classes))}
    own = index.annotations.filter(pl.col("category_id").is_in(list(labels)))
    bare = index.images.filter(pl.col("width").is_null()).join(own, on="image_id", how="semi")
    if bare.height:
        raise SelectionError(
            f"{bare.height:,} images have no size in {index.info.source} (such as {bare['file_name'][0]}); it is taken "
            "from the photos where these are given: --images (data.images)."
        )
    sizes = index.images.select(
        "image_id", pl.col("width").alias("image_width"), pl.col("height").alias("image_height")
    )
    return (
        own.with_columns(pl.col("category_id").replace_strict(labels, return_dtype=pl.Int64).alias("label"))
        .join(sizes, on="image_id")
        .with_columns(
            (pl.col("area") / (pl.col("image_width") * pl.col("image_height")).cast(pl.Float64)).alias("fraction")
        )
        .with_columns(((pl.col("fraction") >= config.min_area) & (~pl.col("crowd") | config.crowd)).alias("counts"))
        .sort("image_id", "label", "annotation_id")
    )


def find_candidates(annotations: pl.DataFrame, class_count: int, splits: Mapping[int, str]) -> Candidates:
    """The candidates among the images of these `target_annotations`; `splits` as in `records.Index`."""
    image_ids, rows = np.unique(annotations["image_id"].to_numpy(), return_inverse=True)
    labels, counts = annotations["label"].to_numpy(), annotations["counts"].to_numpy()
    annotated = np.zeros((len(image_ids), class_count), dtype=np.bool_)
    annotated[rows, labels] = True
    holds = np.zeros_like(annotated)
    holds[rows[counts], labels[counts]] = True
    areas = np.zeros(annotated.shape)
    np.add.at(areas, (rows[counts], labels[counts]), annotations["fraction"].to_numpy()[counts])
    fixed = [SPLITS.index(splits[image]) if splits else ANY for image in image_ids.tolist()]
    return Candidates(image_ids, annotated, holds, areas, np.array(fixed, dtype=np.int64))


def describe_images(index: Index, annotations: pl.DataFrame, classes: Sequence[str]) -> pl.DataFrame:
    """The ledger's columns that no policy decides about, ascending by image_id; see `records.Selection`."""
    names = dict(enumerate(classes))
    name = pl.col("label").replace_strict(names, return_dtype=pl.String)
    box = pl.struct(
        name.alias("label"),
        (pl.col("x") / pl.col("image_width")).cast(pl.Float32).alias("x"),
        (pl.col("y") / pl.col("image_height")).cast(pl.Float32).alias("y"),
        (pl.col("width") / pl.col("image_width")).cast(pl.Float32).alias("width"),
        (pl.col("height") / pl.col("image_height")).cast(pl.Float32).alias("height"),
        pl.col("crowd"),
    )
    held = annotations.group_by("image_id", maintain_order=True).agg(
        name.unique(maintain_order=True).alias("annotated"), box.alias("boxes")
    )
    return index.images.join(held, on="image_id").sort("image_id").with_columns(pl.col("boxes").cast(pl.List(BOX)))
