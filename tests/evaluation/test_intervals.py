"""Intervals against textbook formulas and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.evaluation.intervals import over_seeds, wilson


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_is_the_score_interval(trials: int, share: float) -> None:
    successes = round(share * trials)
    p, z = successes / trials, stats.norm.ppf(0.975)
    middle = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    interval = wilson(successes, trials)
    assert interval is not None
    assert interval.low == pytest.approx(max(0.0, middle - half), abs=1e-9)
    assert interval.high == pytest.approx(min(1.0, middle + half), abs=1e-9)


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
