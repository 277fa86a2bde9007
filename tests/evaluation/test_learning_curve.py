"""The learning curve: its range holds what planted curves of both kinds give."""

import numpy as np
import pytest

from bakeoff.evaluation.learning_curve import extrapolate

SIZES = (100, 200, 400) * 3


@pytest.mark.parametrize(
    ("floor", "scale", "exponent"), [(0.0, 0.42, 0.2), (0.3, 0.12, 0.5), (0.3, 0.05, 1.0), (0.4, 0.0, 0.5)]
)
def test_the_range_holds_the_planted_gain(floor: float, scale: float, exponent: float) -> None:
    draws = np.random.default_rng(0)
    truth, covered = scale * (1 - 2**-exponent), 0
    for _ in range(100):
        errors = floor + scale * (np.array(SIZES) / 400) ** -exponent + draws.normal(0, 0.01, len(SIZES))
        found = extrapolate(SIZES, errors.tolist(), 2.0)
        assert found is not None
        covered += found.range.low - 1e-9 <= truth <= found.range.high + 1e-9
    assert covered >= 85


def test_without_noise_the_range_is_that_of_the_two_kinds_of_curve() -> None:
    found = extrapolate(SIZES, [0.3 + 0.1 * (size / 400) ** -0.5 for size in SIZES], 2.0)
    assert found is not None
    assert found.error == pytest.approx(0.4)
    assert found.range.low == pytest.approx(0.1 * (1 - 2**-0.5), abs=1e-3), "with a floor: the truth"
    assert found.range.high > 1.2 * found.range.low, "without one: too hopeful"


def test_errors_that_are_all_the_same_promise_little() -> None:
    found = extrapolate(SIZES, [0.8] * len(SIZES), 2.0)
    assert found is not None
    assert found.range.low == pytest.approx(0.0, abs=1e-9)
    assert found.range.high < 0.02


@pytest.mark.parametrize(
    ("images", "errors"), [((100, 200), (0.5, 0.4)), ((100,) * 4, (0.5,) * 4), (SIZES, (0.0,) * 9)]
)
def test_too_little_gives_no_curve(images: tuple[int, ...], errors: tuple[float, ...]) -> None:
    assert extrapolate(images, errors, 2.0) is None
