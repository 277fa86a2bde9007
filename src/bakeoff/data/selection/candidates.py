"""The images that hold a target class, as arrays for the policies and as rows for the ledger."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
BLOCK = 50_000
"""Images whose annotations are worked on at a time."""


@dataclass(frozen=True)
class Candidates:
    """The images with an annotation of a target class, by ascending image id; N images, K classes.

    Attributes:
        image_ids: int64 (N,).
        annotated: bool (N, K): whether the class is annotated in the image at all.
        holds: bool (N, K): whether one of these annotations counts: no crowd (unless asked for), not below `min_area`.
        splits: int64 (N,): the position in `SPLITS` of the split for which the image may be taken, or -1: any; one or
            the other for all images.
        read_areas: Gives `areas`.
    """

    image_ids: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.bool_]
    holds: npt.NDArray[np.bool_]
    splits: npt.NDArray[np.int64]
    read_areas: Callable[[], npt.NDArray[np.float64]]

    @property
    def areas(self) -> npt.NDArray[np.float64]:
        """float64 (N, K): the annotated area of the annotations that count, as a fraction of the image's.

        Made when it is asked for: it takes eight times the memory of the others, and most policies need none.
        """
        return self.read_areas()

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> "Candidates":
        """Some of the candidates."""
        return Candidates(
            self.image_ids[rows], self.annotated[rows], self.holds[rows], self.splits[rows], lambda: self.areas[rows]
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
        image_id i64; label i32; x, y, width, height f32 and area f64, as fractions of the image; crowd, counts bool;
        ascending by image_id, then label, then the annotations' ids. No more, since they may be many millions.

    Raises:
        SelectionError: The classes can't be used, or an image has no size.
    """
    labels = {category: label for label, category in enumerate(class_ids(index, config.classes))}
    annotations = index.annotations
    if not annotations["image_id"].is_sorted():
        annotations = annotations.sort("image_id")
    held = annotations.lazy().filter(pl.col("category_id").is_in(list(labels))).select("image_id")
    bare = index.images.lazy().filter(pl.col("width").is_null()).join(held, on="image_id", how="semi").collect()
    if bare.height:
        raise SelectionError(
            f"{bare.height:,} images have no size in {index.info.source} (such as {bare['file_name'][0]}); it is taken "
            "from the photos where these are given: --images (data.images)."
        )
    sizes = index.images.select("image_id", "width", "height")
    return pl.concat(_targets(some, sizes, labels, config) for some in _blocks(annotations))


def _targets(
    annotations: pl.DataFrame, sizes: pl.DataFrame, labels: Mapping[int, int], config: SelectionConfig
) -> pl.DataFrame:
    wide, high = pl.col("width_image"), pl.col("height_image")
    area = pl.col("area") / (wide * high).cast(pl.Float64)
    return (
        annotations.filter(pl.col("category_id").is_in(list(labels)))
        .join(sizes, on="image_id", suffix="_image")
        .select(
            "image_id",
            "annotation_id",
            pl.col("category_id").replace_strict(labels, return_dtype=pl.Int32).alias("label"),
            *((pl.col(side) / wide).cast(pl.Float32) for side in ("x", "width")),
            *((pl.col(side) / high).cast(pl.Float32) for side in ("y", "height")),
            area,
            "crowd",
            ((area >= config.min_area) & (~pl.col("crowd") | config.crowd)).alias("counts"),
        )
        .sort("image_id", "label", "annotation_id")
        .drop("annotation_id")
    )


def find_candidates(annotations: pl.DataFrame, class_count: int, splits: Mapping[int, str]) -> Candidates:
    """The candidates among the images of these `target_annotations`; `splits` as in `records.Index`."""
    image_ids = annotations["image_id"].rle().struct.field("value").to_numpy()
    rows = annotations["image_id"].rle_id().to_numpy()
    labels, counts, parts = (annotations[name].to_numpy() for name in ("label", "counts", "area"))
    annotated = np.zeros((len(image_ids), class_count), dtype=np.bool_)
    annotated[rows, labels] = True
    holds = np.zeros_like(annotated)
    holds[rows[counts], labels[counts]] = True

    def areas() -> npt.NDArray[np.float64]:
        total = np.zeros(annotated.shape)
        np.add.at(total, (rows[counts], labels[counts]), parts[counts])
        return total

    fixed = [SPLITS.index(splits[image]) for image in image_ids.tolist()] if splits else np.full(len(image_ids), ANY)
    return Candidates(image_ids, annotated, holds, np.array(fixed, dtype=np.int64), areas)


def describe_images(index: Index, annotations: pl.DataFrame, classes: Sequence[str]) -> pl.DataFrame:
    """The ledger's columns that no policy decides about, ascending by image_id; see `records.Selection`."""
    names = dict(enumerate(classes))
    name = pl.col("label").replace_strict(names, return_dtype=pl.String)
    box = pl.struct(name.alias("label"), "x", "y", "width", "height", "crowd")
    held = pl.concat(
        some.group_by("image_id", maintain_order=True).agg(
            name.unique(maintain_order=True).alias("annotated"), box.alias("boxes")
        )
        for some in _blocks(annotations)
    )
    images = index.images.join(held, on="image_id", how="semi").sort("image_id")
    return images.hstack(held.drop("image_id")).with_columns(pl.col("boxes").cast(pl.List(BOX)))


def _blocks(annotations: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Annotations sorted by image, those of some images at a time: to join, sort and group takes times their memory."""
    ends = annotations["image_id"].rle().struct.field("len").cum_sum().gather_every(BLOCK, BLOCK - 1)
    return (annotations[start:end] for start, end in pairwise([0, *ends, annotations.height]))
