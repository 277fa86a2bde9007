"""Intervals against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.evaluation.intervals import holm, over_seeds, wilson


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_is_the_score_interval(trials: int, fraction: float) -> None:
    successes = round(fraction * trials)
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    interval = wilson(successes, trials)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    """The worked example of Holm's step-down procedure with four hypotheses."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_wilson_without_trials_is_not_applicable() -> None:
    assert wilson(0, 0) is None


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True))
def test_over_seeds_is_scipys_t_interval(right: list[int]) -> None:
    values = [count / 1000 for count in right]
    estimate = over_seeds(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert estimate.mean == pytest.approx(np.mean(values))
    assert estimate.interval is not None
    assert tuple(estimate.interval.__struct_fields__) == ("low", "high")
    assert (estimate.interval.low, estimate.interval.high) == pytest.approx((max(low, 0), min(high, 1)))


def test_one_seed_has_no_interval_and_none_has_no_mean() -> None:
    assert (over_seeds([0.5]).mean, over_seeds([0.5]).interval) == (0.5, None)
    assert (over_seeds([]).mean, over_seeds([]).interval) == (None, None)
