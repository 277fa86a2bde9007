"""Parquet files: what is damaged is one error, and what claims too much is refused before it is read."""

import io
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.errors import StorageError
from bakeoff.core.parquet import decode, read_parquet

TABLE = pl.DataFrame({"id": range(200), "name": [f"image {number}" for number in range(200)], "boxes": [[1.0]] * 200})


def encoded(table: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


RAW = encoded(TABLE)


def test_what_was_written_is_read() -> None:
    assert decode(RAW).equals(TABLE)


@given(st.data())
def test_changed_bytes_are_a_table_or_one_error(data: st.DataObject) -> None:
    raw = bytearray(RAW)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        assert isinstance(decode(bytes(raw)), pl.DataFrame)


def test_rows_that_so_few_bytes_can_not_hold_are_refused() -> None:
    rows = pl.select(pl.repeat(1, 40_000_000, dtype=pl.UInt8).alias("one"))
    with pytest.raises(ValueError, match=r"it claims 40,000,000 rows in [0-9,]+ bytes"):
        decode(encoded(rows))


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a\.parquet is missing or damaged .*Remove .*run and run again"):
        read_parquet(tmp_path / "a.parquet", tmp_path / "run")
