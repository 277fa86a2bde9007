"""Mistakes that predictions show, at their limits; whole hand-ins are in `workflow/test_grade.py`."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.evaluation.mistakes import as_matrix, mistake_of_channels, mistakes_of_matrix, mistakes_of_predictions


def test_a_network_that_reads_bgr_is_named_and_one_that_does_not_is_not() -> None:
    right, wrong = np.repeat([True, False], [80, 20]), np.repeat([False, True], [60, 40])
    found = mistake_of_channels("net.pth", wrong, right)
    assert found is not None
    assert "40.0 % of the photos, and for 80.0 % with red and blue swapped" in found.text
    assert mistake_of_channels("net.pth", right, wrong) is None
    assert mistake_of_channels("net.pth", right, right) is None
    assert mistake_of_channels("net.pth", right, np.roll(right, 5)) is None


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_guesses_by_chance_are_no_mapping(classes: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    truth, guess = np.repeat(range(classes), 200), draws.integers(0, classes, 200 * classes)
    matrix = np.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes)
    names = [f"class {number}" for number in range(classes)]
    assert list(mistakes_of_predictions("net", matrix, names)) == []


@pytest.mark.parametrize(
    "table",
    [
        {"image_id": [1, 2], "predicted": ["a", "b"]},
        {"a": [1, 2], "b": [3, -4]},
        {"a": [1, 2, 3], "b": [4, 5, 6]},
        {"a": [1], "image": ["x"]},
        {"a": [1, None], "b": [3, 4]},
        {"1": [2], "9" * 400: [3]},
        {"a": pl.Series([1, 2**64 - 1], dtype=pl.UInt64), "b": [3, 4]},
    ],
)
def test_other_tables_are_no_matrix(table: dict[str, list[object]]) -> None:
    assert as_matrix(pl.DataFrame(table)) is None


def test_a_matrix_may_name_its_rows() -> None:
    found = as_matrix(pl.DataFrame({"": ["a", "b"], "a": [1, 2], "b": [3, 4]}))
    assert found is not None
    assert found.tolist() == [[1, 3], [2, 4]]


def test_a_symmetric_matrix_is_not_said_to_be_turned() -> None:
    matrix = np.array([[30, 10], [10, 30]])
    assert list(mistakes_of_matrix("matrix.csv", matrix, [], [40, 40])) == []
    assert list(mistakes_of_matrix("matrix.csv", matrix, [], None)) == []
