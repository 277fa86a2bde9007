"""Tables of other frameworks: what is damaged, or claims too much, is one error."""

from pathlib import Path

import polars as pl
import pytest

from bakeoff.core.errors import ConfigError
from bakeoff.evaluation.columns import find_column, numbered, read_table


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "json"])
def test_a_damaged_table_is_one_error(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(b'{"PAR1\xff\x00' + bytes(range(256)) + b"PAR1")
    with pytest.raises(ConfigError, match=rf"a\.{suffix} can't be read as a table"):
        read_table(tmp_path / f"a.{suffix}")


def test_a_label_without_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ConfigError, match=r"labels: 1,000,000,000,000 is no number of a class"):
        numbered([0, 10**12], (), "labels")


def test_of_very_many_classes_or_columns_the_first_are_named() -> None:
    names = [f"class {number}" for number in range(60)]
    with pytest.raises(ConfigError, match=r"'x' is none of the classes class 0, .*, class 19 and 40 more"):
        numbered(["x"], names, "labels")
    with pytest.raises(ConfigError, match=r"among class 0, .* and 40 more; name it 'seed' or 'run'"):
        find_column(pl.DataFrame({name: [1] for name in names}), ("seed", "run"), "a", "the seed")
