"""The learning curve: a planted power law is found, and its interval covers it."""

import numpy as np
import pytest
from scipy import stats

from bakeoff.evaluation.learning_curve import fit_learning_curve

SIZES = (100, 200, 400) * 3


def test_a_power_law_is_found() -> None:
    curve = fit_learning_curve(SIZES, [2.0 * size**-0.3 for size in SIZES])
    assert curve is not None
    assert (curve.scale, curve.slope) == (pytest.approx(2.0), pytest.approx(-0.3))
    gain, interval = curve.gain(400, 2.0)
    assert gain == pytest.approx(2.0 * 400**-0.3 - 2.0 * 800**-0.3)
    assert interval.low == pytest.approx(interval.high)


def test_the_interval_covers_the_planted_gain() -> None:
    draws = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        errors = 2.0 * np.array(SIZES) ** -0.3 * np.exp(draws.normal(0, 0.05, len(SIZES)))
        curve = fit_learning_curve(SIZES, errors.tolist())
        assert curve is not None
        interval = curve.slope_interval
        covered += interval.low <= -0.3 <= interval.high
    assert stats.binomtest(covered, 300, 0.95).pvalue > 0.001


def test_more_photos_that_do_not_help_gain_nothing() -> None:
    curve = fit_learning_curve(SIZES, [0.5 + 0.01 * (number % 2) for number in range(len(SIZES))])
    assert curve is not None
    gain, interval = curve.gain(400, 2.0)
    assert interval.low < gain < interval.high
    assert interval.low < 0 < interval.high


def test_errors_that_are_all_the_same_promise_nothing() -> None:
    curve = fit_learning_curve(SIZES, [0.8] * len(SIZES))
    assert curve is not None
    gain, interval = curve.gain(400, 2.0)
    assert (gain, interval.low, interval.high) == pytest.approx((0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("images", "errors"), [((100, 200), (0.5, 0.4)), ((100,) * 4, (0.5,) * 4), (SIZES, (0.0,) + (0.1,) * 8)]
)
def test_too_little_gives_no_curve(images: tuple[int, ...], errors: tuple[float, ...]) -> None:
    assert fit_learning_curve(images, errors) is None
