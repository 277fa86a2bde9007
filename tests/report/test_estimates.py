"""Intervals and leads, against published numbers."""

import pytest

from bakeoff.core.types import Estimate, Interval
from bakeoff.evaluation.scores import RunScores, VariantScores
from bakeoff.report.estimates import of_network, photo_noise

OVER_PHOTOS, OVER_SEEDS = Interval(0.4, 0.6), Interval(0.45, 0.55)


def network(*statuses: str) -> VariantScores:
    runs = tuple(
        RunScores(seed, status, "", 1.0, val_accuracy=0.5, val_interval=OVER_PHOTOS)
        for seed, status in enumerate(statuses)
    )
    nothing = Estimate(None, None)
    return VariantScores("net", None, runs, nothing, Estimate(0.5, OVER_SEEDS), nothing, 1.0)


def test_the_noise_of_photos_is_newcombes() -> None:
    # Newcombe 1998, table II, (a) 56/70 - 48/80, method 10: 0.0524 to 0.3339
    assert photo_noise(56 / 70, 48 / 80, 75) == pytest.approx(0.2 - 0.0524, abs=0.003)


@pytest.mark.parametrize(("better", "worse"), [(1.0, 1.0), (0.0, 0.0), (1.0, 0.0), (0.7, 0.7)])
def test_the_noise_is_never_zero(better: float, worse: float) -> None:
    assert photo_noise(better, worse, 9) > 0


def test_more_photos_mean_less_noise() -> None:
    assert photo_noise(0.6, 0.55, 4000) == pytest.approx(photo_noise(0.6, 0.55, 1000) / 2, rel=0.01)


@pytest.mark.parametrize(
    ("statuses", "interval"),
    [
        (("finished",), OVER_PHOTOS),
        (("finished", "failed"), OVER_PHOTOS),
        (("finished", "finished"), OVER_SEEDS),
        (("failed",), OVER_SEEDS),
    ],
)
def test_one_run_has_an_interval_over_photos(statuses: tuple[str, ...], interval: Interval) -> None:
    assert of_network(network(*statuses), "val").interval == interval
