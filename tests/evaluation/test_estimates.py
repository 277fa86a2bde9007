"""Means over seeds and images: against scipy and scikit-learn, and their coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from bakeoff.evaluation.estimates import estimate, over_seeds, ratio
from bakeoff.evaluation.intervals import wilson


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True))
def test_over_seeds_is_scipys_t_interval(right: list[int]) -> None:
    values = [count / 1000 for count in right]
    found = over_seeds(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert (found.interval.low, found.interval.high) == pytest.approx((max(low, 0), min(high, 1)))


def test_one_seed_has_no_interval_over_seeds_and_none_has_no_mean() -> None:
    assert (over_seeds([0.5]).mean, over_seeds([0.5]).interval) == (0.5, None)
    assert (over_seeds([]).mean, over_seeds([]).interval) == (None, None)
    assert estimate(np.zeros((0, 5))).mean is None


@given(st.integers(0, 60))
def test_with_one_seed_the_interval_is_wilsons(right: int) -> None:
    found = estimate((np.arange(60) < right).astype(np.float64)[None])
    expected = wilson(right, 60)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


@given(st.integers(0, 10_000), st.integers(1, 4), st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_the_interval_of_a_fraction_holds_its_mean_and_stays_possible(seed: int, seeds: int, level: float) -> None:
    found = estimate((np.random.default_rng(seed).random((seeds, 40)) < level).astype(np.float64))
    assert 0 <= found.interval.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.interval.high <= 1


def test_ratios_are_scikit_learns_scores() -> None:
    draws = np.random.default_rng(0)
    labels, predicted = draws.integers(0, 3, 200), draws.integers(0, 3, (4, 200))
    f1, recall = [], []
    for label in range(3):
        own, named = np.broadcast_to(labels == label, (4, 200)) * 1.0, (predicted == label) * 1.0
        f1.append(ratio(2 * own * named, own + named))
        recall.append(ratio(own * named, own))
    macro = np.mean(f1, axis=0).mean(axis=1)
    assert macro == pytest.approx([f1_score(labels, row, average="macro") for row in predicted])
    balanced = np.mean(recall, axis=0).mean(axis=1)
    assert balanced == pytest.approx([balanced_accuracy_score(labels, row) for row in predicted])


def test_a_ratio_without_a_denominator_is_zero() -> None:
    assert ratio(np.zeros((2, 5)), np.zeros((2, 5))).mean() == 0


def test_the_interval_covers_new_seeds_and_new_images() -> None:
    draws, covered = np.random.default_rng(0), 0
    for _ in range(300):
        odds = 0.3 + draws.normal(0, 1.5, 400) + draws.normal(0, 0.1, (4, 1)) + draws.normal(0, 1, (4, 400))
        truth = stats.norm.cdf(0.3 / np.sqrt(1.5**2 + 0.1**2 + 1))
        found = estimate((odds > 0).astype(np.float64)).interval
        covered += found.low <= truth <= found.high
    assert stats.binomtest(covered, 300, 0.95, alternative="less").pvalue > 0.001


def test_objects_of_one_photo_count_as_one() -> None:
    photos = (np.random.default_rng(0).random((3, 100)) < 0.7).astype(np.float64)
    once, copied = estimate(photos), estimate(np.repeat(photos, 4, axis=1), np.repeat(np.arange(100), 4))
    assert (copied.interval.low, copied.interval.high) == pytest.approx((once.interval.low, once.interval.high))
