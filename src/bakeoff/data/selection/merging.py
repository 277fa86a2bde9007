"""Several categories as one class."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import polars as pl

from bakeoff.core.errors import SelectionError, unknown_name
from bakeoff.core.storage import digest
from bakeoff.data.index import Index


def merge_categories(index: Index, merge: Mapping[str, tuple[str, ...]]) -> Index:
    """An index in which some categories are one.

    Args:
        index: The annotations.
        merge: By the name of the new category those that become it; the first gives it its id.

    Returns:
        The index; the digest of its source is another, so that a selection from it is.

    Raises:
        SelectionError: A category is unknown, is to be two, or a new one has the name of one that stays.
    """
    if not merge:
        return index
    names = index.categories["name"].to_list()
    becomes = {part: name for name, parts in merge.items() for part in parts}
    for name, parts in merge.items():
        if not parts:
            raise SelectionError(f"data.merge.{name} names no category; name those that become it.")
        for part in parts:
            if part not in names:
                raise SelectionError(f"data.merge.{name}: {unknown_name('category', part, names)}")
            if becomes[part] != name or parts.count(part) > 1:
                raise SelectionError(f"data.merge: category {part!r} is named twice; each can become one class only.")
        if name in names and name not in parts:
            raise SelectionError(
                f"data.merge.{name}: there is a category of this name; choose another, or merge it too."
            )
    merged = index.categories.with_columns(pl.col("name").replace(becomes))
    first = merged.with_columns(pl.col("category_id").first().over("name").alias("to"))
    ids = dict(first.filter(pl.col("name").is_in(list(merge))).select("category_id", "to").iter_rows())
    return replace(
        index,
        info=msgspec.structs.replace(index.info, digest=digest(index.info.digest.encode(), merge)),
        annotations=index.annotations.with_columns(pl.col("category_id").replace(ids)),
        categories=merged.filter(~pl.col("name").is_in(list(merge)) | (first["to"] == pl.col("category_id"))),
    )
