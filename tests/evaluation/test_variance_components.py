"""The variance of a mean difference: against known special cases and by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bakeoff.evaluation.variance_components import detectable, interval, needed, p_value, spread


def test_without_an_effect_of_photos_it_is_the_t_test_over_seeds() -> None:
    by_seed = np.array([0.02, -0.01, 0.05, 0.03])
    found = spread(np.repeat(by_seed[:, None], 50, axis=1))
    low, high = stats.t.interval(0.95, 3, by_seed.mean(), stats.sem(by_seed))
    assert (interval(found).low, interval(found).high) == pytest.approx((low, high))
    assert p_value(found) == pytest.approx(stats.ttest_1samp(by_seed, 0).pvalue)


def test_without_an_effect_of_seeds_it_is_the_t_test_over_photos() -> None:
    by_image = np.array([1.0, 0.0, -1.0, 0.0, 1.0, 1.0, 0.0, 0.0] * 10)
    found = spread(np.repeat(by_image[None, :], 3, axis=0))
    assert p_value(found) == pytest.approx(stats.ttest_1samp(by_image, 0).pvalue)
    assert found.seed_part == 0


def test_no_difference_anywhere_is_no_evidence() -> None:
    found = spread(np.zeros((3, 10)))
    assert p_value(found) == 1.0
    assert needed(found) == (None, None)
    assert p_value(spread(np.ones((3, 10)))) == 0.0


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(-0.1, 0.1))
@settings(max_examples=50, deadline=None)
def test_the_interval_and_the_p_value_agree(seed: int, seeds: int, difference: float) -> None:
    found = spread(planted(np.random.default_rng(seed), seeds, 60, difference))
    assert (p_value(found) < 0.05) == (not interval(found).low <= 0 <= interval(found).high)
    assert found.margin(p_value(found)) == pytest.approx(abs(found.mean), rel=1e-3, abs=1e-9)


def planted(draws: np.random.Generator, seeds: int, images: int, difference: float) -> np.ndarray:
    """Differences with effects of seeds and photos of known variance."""
    seed, image = draws.normal(0, 0.02, (seeds, 1)), draws.normal(0, 0.3, (1, images))
    return difference + seed + image + draws.normal(0, 0.5, (seeds, images))


def test_the_interval_covers_and_the_parts_are_found() -> None:
    draws = np.random.default_rng(0)
    tries = [spread(planted(draws, 5, 400, 0.03)) for _ in range(400)]
    covered = sum(interval(found).low <= 0.03 <= interval(found).high for found in tries)
    assert stats.binomtest(covered, len(tries), 0.95).pvalue > 0.001 or covered / len(tries) > 0.95
    assert np.mean([found.image_part for found in tries]) == pytest.approx(0.09, rel=0.1)
    assert np.mean([found.rest for found in tries]) == pytest.approx(0.25, rel=0.05)


@pytest.mark.slow
def test_as_many_seeds_as_it_says_give_the_power_it_says() -> None:
    draws = np.random.default_rng(1)
    seeds, images = needed(spread(planted(draws, 40, 4000, 0.02)))
    assert seeds is not None
    assert images is not None
    assert seeds < 40
    assert images < 4000
    hits = [p_value(spread(planted(draws, seeds, 4000, 0.02))) < 0.05 for _ in range(200)]
    assert 0.6 < np.mean(hits) < 0.95


def test_what_no_number_of_seeds_would_separate_is_said() -> None:
    draws = np.random.default_rng(2)
    found = spread(planted(draws, 5, 50, 0.0) + 0.001)
    assert needed(found)[0] is None
    assert detectable(found) > interval(found).high - found.mean
