"""The variance of a mean over seeds and images: against known special cases and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bakeoff.evaluation.variance_components import clustered, variance_components


def test_without_an_effect_of_images_it_is_the_t_test_over_seeds() -> None:
    by_seed = np.array([0.02, -0.01, 0.05, 0.03])
    found = variance_components(np.repeat(by_seed[:, None], 50, axis=1))
    low, high = stats.t.interval(0.95, 3, by_seed.mean(), stats.sem(by_seed))
    assert tuple(found.interval(0.05).__getattribute__(end) for end in ("low", "high")) == pytest.approx((low, high))
    assert 2 * found.tail(found.mean) == pytest.approx(stats.ttest_1samp(by_seed, 0).pvalue)


def test_without_an_effect_of_seeds_it_is_the_t_test_over_images() -> None:
    by_image = np.array([1.0, 0.0, -1.0, 0.0, 1.0, 1.0, 0.0, 0.0] * 10)
    found = variance_components(np.repeat(by_image[None, :], 3, axis=0))
    assert 2 * found.tail(found.mean) == pytest.approx(stats.ttest_1samp(by_image, 0).pvalue)
    assert found.seed_part == 0


def test_seed_means_that_agree_by_chance_leave_the_noise_of_the_rest() -> None:
    """One error in each of five seeds, each in another image: every seed mean is the same."""
    table = np.zeros((5, 200))
    table[np.arange(5), np.arange(5)] = 1
    found = variance_components(table)
    assert found.over_seeds == pytest.approx(found.rest / 1000)
    assert found.half_width(0.025) > found.mean, "five errors in 1,000 are not yet more than none"


def test_extra_images_keep_the_variance_from_vanishing() -> None:
    assert variance_components(np.zeros((3, 100))).half_width(0.025) == 0
    assert variance_components(np.zeros((3, 100)), extra=2.0).over_images == pytest.approx(2 / 100**2)


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(-0.1, 0.1))
@settings(max_examples=50, deadline=None)
def test_the_interval_and_the_p_value_agree(seed: int, seeds: int, difference: float) -> None:
    found = variance_components(planted(np.random.default_rng(seed), seeds, 60, difference))
    tail = found.tail(abs(found.mean))
    bounds = found.interval(0.05)
    assert (2 * tail < 0.05) == (not bounds.low <= 0 <= bounds.high)
    if 1e-9 < tail < 0.49:
        assert found.half_width(tail) == pytest.approx(abs(found.mean), rel=1e-3, abs=1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_order_of_seeds_and_images_does_not_matter(seed: int) -> None:
    draws = np.random.default_rng(seed)
    table = planted(draws, 4, 50, 0.01)
    one, two = variance_components(table), variance_components(table[draws.permutation(4)][:, draws.permutation(50)])
    assert (one.mean, one.half_width(0.025)) == pytest.approx((two.mean, two.half_width(0.025)))


def planted(draws: np.random.Generator, seeds: int, images: int, difference: float) -> np.ndarray:
    """Differences with effects of seeds and images of known variance."""
    seed, image = draws.normal(0, 0.02, (seeds, 1)), draws.normal(0, 0.3, (1, images))
    return difference + seed + image + draws.normal(0, 0.5, (seeds, images))


def test_the_interval_covers_and_the_parts_are_found() -> None:
    draws = np.random.default_rng(0)
    tries = [variance_components(planted(draws, 5, 400, 0.03)) for _ in range(400)]
    covered = sum(found.interval(0.05).low <= 0.03 <= found.interval(0.05).high for found in tries)
    assert stats.binomtest(covered, len(tries), 0.95).pvalue > 0.001 or covered / len(tries) > 0.95
    assert np.mean([found.image_part for found in tries]) == pytest.approx(0.09, rel=0.1)
    assert np.mean([found.rest for found in tries]) == pytest.approx(0.25, rel=0.05)


def test_copies_of_a_photo_are_no_further_evidence() -> None:
    draws = np.random.default_rng(1)
    table = planted(draws, 4, 60, 0.0)
    once = variance_components(table)
    copied = variance_components(clustered(np.repeat(table, 5, axis=1), np.repeat(np.arange(60), 5)))
    assert (copied.mean, copied.half_width(0.025)) == pytest.approx((once.mean, once.half_width(0.025)))
    assert variance_components(np.repeat(table, 5, axis=1)).half_width(0.025) < once.half_width(0.025)


def test_clusters_keep_the_means_of_seeds() -> None:
    draws = np.random.default_rng(2)
    table, clusters = draws.random((3, 30)), np.sort(draws.integers(0, 7, 30))
    clusters = np.unique(clusters, return_inverse=True)[1]
    assert clustered(table, clusters).mean(axis=1) == pytest.approx(table.mean(axis=1))
