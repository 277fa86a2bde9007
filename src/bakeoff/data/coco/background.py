"""Images without annotations as a class of their own."""

from collections.abc import Collection
from dataclasses import replace

import msgspec
import polars as pl

from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import digest
from bakeoff.data.index import Index, whole_images


def add_background(index: Index, images: Collection[int], name: str) -> Index:
    """The index with a category whose annotations are these whole images.

    Args:
        index: Has no annotation of them.
        images: Their ids; one without a size is left out.
        name: Of the category.

    Raises:
        ConfigError: The file has a category of this name.
    """
    if name in index.categories["name"]:
        raise ConfigError(f"data.none = {name!r} is the name of a category in {index.info.source}; choose another.")
    category, first = _next(index.categories["category_id"]), _next(index.annotations["annotation_id"])
    bare = index.images.filter(pl.col("image_id").is_in(sorted(images)) & pl.col("width").is_not_null())
    whole = whole_images(bare, pl.repeat(category, bare.height, dtype=pl.Int64, eager=True), first)
    own = pl.DataFrame([(category, name, "")], schema=index.categories.schema, orient="row")
    return replace(
        index,
        info=msgspec.structs.replace(index.info, digest=digest(index.info.digest.encode(), name)),
        annotations=pl.concat([index.annotations, whole]).sort("image_id", "annotation_id"),
        categories=pl.concat([index.categories, own]),
    )


def _next(ids: pl.Series) -> int:
    return max(int(ids.max() or 0), 0) + 1  # type: ignore[arg-type]  # ids are integers
