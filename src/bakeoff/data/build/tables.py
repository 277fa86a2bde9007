"""The tables of a data set: the manifest, the ledger with what became of the photos, and the metadata of the copies."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from bakeoff.core.errors import StorageError
from bakeoff.core.parquet import read_parquet, read_schema
from bakeoff.data.build.allocation import Allocation
from bakeoff.data.selection.candidates import BOX
from bakeoff.data.selection.selection import Selection

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

PHOTO: Schema = {
    "image_id": pl.Int64,
    "file_name": pl.String,
    "width": pl.Int32,
    "height": pl.Int32,
    "license": pl.Int64,
    "url": pl.String,
    "annotated": pl.List(pl.String),
    "boxes": pl.List(BOX),
}
"""What the instances file says of a photo."""

FATE: Schema = {"status": pl.String, "reason": pl.String, "split": pl.String, "label": pl.String}
LEDGER: Schema = {**PHOTO, "eligible": pl.List(pl.String), "order": pl.Int64, **FATE}
PLACED: Schema = {
    "split": pl.String,
    "position": pl.Int64,
    "image_id": pl.Int64,
    "label": pl.Int64,
    "image": pl.String,
    "source_digest": pl.String,
}
MANIFEST: Schema = {**PLACED, **PHOTO}


def make_manifest(selection: Selection, allocation: Allocation, copies: pl.Series) -> pl.DataFrame:
    """The manifest, as `records.Dataset` describes it.

    Args:
        selection: Describes the photos.
        allocation: Which image fills which slot.
        copies: For each slot the path of its JPEG copy, relative to the data set's folder.
    """
    labels = {name: label for label, name in enumerate(selection.classes)}
    label = pl.col("label").replace_strict(labels, return_dtype=pl.Int64)
    placed = allocation.images.with_columns(label, copies.alias("image")).select(*PLACED)
    return placed.join(selection.ledger.select(*PHOTO), on="image_id", how="left", maintain_order="left")


def update_ledger(selection: Selection, allocation: Allocation) -> pl.DataFrame:
    """The selection's ledger with the photos that could not be read, and with those that took their slots."""
    if not allocation.unreadable:
        return selection.ledger
    unreadable = [(one.image.image_id, "unreadable", one.reason, None, None) for one in allocation.unreadable]
    now = allocation.images.select("image_id", pl.lit("chosen").alias("status"), "split", "label")
    before = allocation.chosen.select(pl.col("image_id").alias("before"))
    replacements = (
        pl.concat([now, before], how="horizontal")
        .filter(pl.col("image_id") != pl.col("before"))
        .select("image_id", "status", pl.format("replaces image {}", "before").alias("reason"), "split", "label")
    )
    changes = pl.concat(
        [pl.DataFrame(unreadable, schema={"image_id": pl.Int64, **FATE}, orient="row"), replacements]
    ).with_columns(pl.lit(value=True).alias("_changed"))
    fates = selection.ledger.select("image_id").join(changes, on="image_id", how="left", maintain_order="left")
    changed = fates["_changed"].fill_null(value=False)
    return selection.ledger.with_columns(
        pl.when(changed).then(fates[name]).otherwise(name).alias(name) for name in FATE
    )


def make_metadata(manifest: pl.DataFrame, classes: tuple[str, ...]) -> pl.LazyFrame:
    """What tools that open `images/` as an image folder read beside the images: `metadata.csv`."""
    return manifest.lazy().select(
        pl.col("image").str.strip_prefix("images/").alias("file_name"),
        "split",
        pl.col("label").replace_strict(dict(enumerate(classes)), return_dtype=pl.String),
        "image_id",
        pl.col("annotated").list.join("|"),
    )


def read_table(path: Path, schema: Schema) -> pl.DataFrame:
    """Reads a table.

    Raises:
        StorageError: The file is missing or damaged, or has other columns.
    """
    check_columns(path, schema)
    return read_parquet(path, path.parent)


def check_columns(path: Path, schema: Schema) -> None:
    """Checks a table before its rows are read; raises as `read_table`."""
    found = read_schema(path, path.parent)
    if dict(found) != dict(schema):
        wrong = sorted({*found.items()} ^ {*schema.items()}, key=str)
        raise StorageError(
            f"{path} has other columns than a data set's: {', '.join(f'{name} {kind}' for name, kind in wrong)}. "
            "Remove the data set and build it again."
        )
