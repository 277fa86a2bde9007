"""Power: against the known case of a t test, and what follows from it."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.evaluation.power import VarianceParts, assess, detectable, power


def test_without_an_effect_of_images_it_is_the_power_of_the_t_test() -> None:
    seeds, deviation, difference = 6, 0.02, 0.03
    noncentral = difference / (deviation / np.sqrt(seeds))
    expected = stats.nct.sf(stats.t.isf(0.025, seeds - 1), seeds - 1, noncentral)
    parts = VarianceParts(deviation**2, 0.0, 1e-12)
    assert power(difference, parts, seeds, 10**9, 0.05) == pytest.approx(expected, abs=0.01)


def test_what_is_detectable_has_four_fifths_power() -> None:
    parts = VarianceParts(1e-4, 0.01, 0.2)
    found = detectable(parts, 5, 1000, 0.05)
    assert power(found, parts, 5, 1000, 0.05) == pytest.approx(0.8, abs=1e-3)
    assert detectable(parts, 10, 1000, 0.05) < found
    assert detectable(parts, 5, 4000, 0.05) < found < detectable(parts, 5, 1000, 0.05 / 20)
    assert detectable(VarianceParts(1.0, 0.0, 0.1), 2, 100, 0.001) is None


def test_more_seeds_are_planned_where_seeds_are_what_is_missing() -> None:
    seeds = assess([VarianceParts(1e-4, 0.0, 0.01)] * 3, [5] * 3, [10_000] * 3, 0.01)
    assert seeds.more[0] > 5
    assert seeds.more[1] == 10_000
    images = assess([VarianceParts(0.0, 0.3, 0.01)] * 3, [10] * 3, [1000] * 3, 0.01)
    assert images.more[0] == 10
    assert images.more[1] > 1000


def test_three_seeds_are_too_few_to_plan_by() -> None:
    found = assess([VarianceParts(1e-4, 0.01, 0.2)] * 3, [3] * 3, [1000] * 3, 0.01)
    assert found.detectable is not None
    assert found.more is None
    assert assess([], [], [], 0.01) is None
