"""Repeated measurements in three numbers."""

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.types import Interval
from bakeoff.evaluation.latency import Latency, summarise


def test_the_median_and_the_quartiles() -> None:
    assert summarise([5.0, 1.0, 2.0, 4.0, 3.0]) == Latency(3.0, Interval(2.0, 4.0))


@given(st.lists(st.floats(0.001, 1e4), min_size=1))
def test_the_median_is_between_the_quartiles_and_these_between_the_extremes(values: list[float]) -> None:
    found = summarise(values)
    assert min(values) <= found.quartiles.low <= found.median <= found.quartiles.high <= max(values)
