"""Intervals against scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.evaluation.intervals import clopper_pearson, holm, wilson


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


@given(st.integers(0, 40), st.integers(1, 40))
def test_clopper_pearson_is_the_exact_interval(successes: int, trials: int) -> None:
    successes = min(successes, trials)
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    found = clopper_pearson(successes, trials)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_clopper_pearson_without_trials_knows_nothing() -> None:
    assert (clopper_pearson(0, 0).low, clopper_pearson(0, 0).high) == (0.0, 1.0)
