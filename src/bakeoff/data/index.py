"""A COCO instances file as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import polars as pl
from msgspec.structs import force_setattr

from bakeoff.core.words import agree

SHOWN = 3
NO_FILE = "no-file"
"""Code of the problem that images name files that are not there."""


def examples(entries: Sequence[object]) -> str:
    """The first of some entries, for a message."""
    shown = ", ".join(map(str, entries[:SHOWN]))
    return f"{shown}, …" if len(entries) > SHOWN else shown


class Problem(msgspec.Struct, frozen=True):
    """Something in an instances file that is not as it should be, and what was done about it.

    Attributes:
        code: A short name, such as "unknown-image".
        count: How many entries have it.
        message: One sentence with examples, and what was done; in the singular where it begins with "1 images".
    """

    code: str
    count: int
    message: str

    def __post_init__(self) -> None:
        force_setattr(self, "message", agree(self.message))


class License(msgspec.Struct, frozen=True):
    """A licence of photos, as the instances file names it."""

    id: int
    name: str = ""
    url: str = ""


class IndexInfo(msgspec.Struct, frozen=True):
    """Where an index comes from.

    Attributes:
        source: Path of the instances file, or of a tree of photos with a folder per class.
        digest: Digest of the file's bytes; of a tree see `bakeoff.data.image_folder.indexing`.
        licenses: The licences that the file lists.
        problems: What was found wrong in it.
        objects_known: Whether it says which other classes an image holds; a tree of photos alone does not.
        boxes_known: Whether it says where in an image an object is; labels of whole images do not.
    """

    source: str
    digest: str
    licenses: tuple[License, ...] = ()
    problems: tuple[Problem, ...] = ()
    objects_known: bool = True
    boxes_known: bool = True


def whole_images(images: pl.DataFrame, categories: pl.Series, first: int) -> pl.DataFrame:
    """An annotation over the whole of each image: the columns of `Index.annotations`.

    Args:
        images: As `Index.images`, with their sizes.
        categories: The category id of each.
        first: The id of the first; the others count on.
    """
    width, height = (pl.col(side).cast(pl.Float64) for side in ("width", "height"))
    return images.select(
        pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("annotation_id"),
        "image_id",
        categories.cast(pl.Int64).alias("category_id"),
        pl.lit(0.0).alias("x"),
        pl.lit(0.0).alias("y"),
        width,
        height,
        (width * height).alias("area"),
        pl.lit(value=False).alias("crowd"),
    )


@dataclass(frozen=True)
class Index:
    """A COCO instances file as columns.

    Attributes:
        info: Where it comes from.
        images: image_id i64 (unique, ascending), file_name str, width, height i32 or None (not stated, and not taken
            from the photo), license i64 or None, url str or None.
        annotations: annotation_id i64, image_id i64, category_id i64, x f64, y f64, width f64, height f64 (pixels),
            area f64 (square pixels), crowd bool; ascending by image_id, then annotation_id.
        categories: category_id i64 (unique, ascending), name str, supercategory str.
        splits: By image id the split for which an image may be taken: of all images, or of none.
    """

    info: IndexInfo
    images: pl.DataFrame
    annotations: pl.DataFrame
    categories: pl.DataFrame
    splits: Mapping[int, str] = field(default_factory=dict, kw_only=True)
