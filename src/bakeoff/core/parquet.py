"""Parquet files that may be damaged or hostile: at some of them polars panics, others unpack without end."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from bakeoff.core.errors import StorageError, in_one_line
from bakeoff.core.untrusted import ALWAYS_ALLOWED, GROWTH

CELL = 8
"""Bytes in memory that a row takes for each column."""


def decode(raw: bytes) -> pl.DataFrame:
    """The table in the bytes of a Parquet file.

    Raises:
        ValueError: They are damaged, or claim more rows than so few bytes can hold: seen before memory is taken.
    """
    try:
        columns = len(pl.read_parquet_schema(io.BytesIO(raw)))
        rows = int(pl.scan_parquet(io.BytesIO(raw)).select(pl.len()).collect().item())
        if CELL * columns * rows > max(ALWAYS_ALLOWED, GROWTH * len(raw)):
            raise ValueError(f"it claims {rows:,} rows in {len(raw):,} bytes")
        return pl.read_parquet(raw)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise ValueError(in_one_line(error)) from None


def read_schema(path: Path, whole: Path) -> Mapping[str, pl.DataType]:
    """The columns of a stored table, of which no row is read; as `read_parquet`."""
    with _damage(path, whole), path.open("rb") as file:
        return pl.read_parquet_schema(file)


def read_parquet(path: Path, whole: Path) -> pl.DataFrame:
    """Reads a stored table.

    Args:
        path: The file.
        whole: What it is part of, to be removed and made again where the file can't be used.

    Raises:
        StorageError: It is missing or damaged.
    """
    with _damage(path, whole):
        return decode(path.read_bytes())  # by path, polars would read "[", "?" and "*" in it as patterns


@contextmanager
def _damage(path: Path, whole: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise StorageError(f"{path} is missing or damaged ({error}). Remove {whole} and run again.") from None
