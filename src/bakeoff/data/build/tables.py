"""The tables of a data set: the manifest, the ledger with what became of the photos, and the metadata of the copies."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from bakeoff.core.errors import StorageError
from bakeoff.core.parquet import read_parquet
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


def make_manifest(selection: Selection, allocation: Allocation, copies: list[str]) -> pl.DataFrame:
    """The manifest, as `records.Dataset` describes it.

    Args:
        selection: Describes the photos.
        allocation: Which image fills which slot.
        copies: For each slot the path of its JPEG copy, relative to the data set's folder.
    """
    labels = {name: label for label, name in enumerate(selection.classes)}
    rows = [
        (slot.split, slot.position, photo.image_id, labels[slot.label], copy, source_digest)
        for slot, photo, copy, source_digest in zip(
            allocation.slots, allocation.images, copies, allocation.digests, strict=True
        )
    ]
    placed = pl.DataFrame(rows, schema=dict(PLACED), orient="row")
    return placed.join(selection.ledger.select(*PHOTO), on="image_id", how="left", maintain_order="left")


def update_ledger(selection: Selection, allocation: Allocation) -> pl.DataFrame:
    """The selection's ledger with the photos that could not be read, and with those that took their slots."""
    unreadable = [(one.image.image_id, "unreadable", one.reason, None, None) for one in allocation.unreadable]
    replacements = [
        (photo.image_id, "chosen", f"replaces image {chosen.image_id}", slot.split, slot.label)
        for slot, chosen, photo in zip(allocation.slots, allocation.chosen, allocation.images, strict=True)
        if photo != chosen
    ]
    changes = pl.DataFrame([*unreadable, *replacements], schema={"image_id": pl.Int64, **FATE}, orient="row")
    kept = selection.ledger.join(changes, on="image_id", how="anti")
    changed = selection.ledger.drop(*FATE).join(changes, on="image_id").select(selection.ledger.columns)
    return pl.concat([kept, changed]).sort("image_id")


def make_metadata(manifest: pl.DataFrame, classes: tuple[str, ...]) -> pl.DataFrame:
    """What tools that open `images/` as an image folder read beside the images: `metadata.csv`."""
    return manifest.select(
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
    table = read_parquet(path, path.parent)
    if dict(table.schema) != dict(schema):
        wrong = sorted({*table.schema.items()} ^ {*schema.items()}, key=str)
        raise StorageError(
            f"{path} has other columns than a data set's: {', '.join(f'{name} {kind}' for name, kind in wrong)}. "
            "Remove the data set and build it again."
        )
    return table
