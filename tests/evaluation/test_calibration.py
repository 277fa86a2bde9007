"""Calibration: planted, and by chance."""

import numpy as np
import pytest

from bakeoff.evaluation.calibration import calibrate


def drawn(seeds: int, images: int, excess: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Probabilities of two classes, and predictions that are correct less often than these say by so much."""
    draws = np.random.default_rng(0)
    confidence = draws.uniform(0.6, 1.0, (seeds, images))
    correct = draws.random((seeds, images)) < confidence - excess
    return [np.stack([row, 1 - row], axis=1) for row in confidence], correct


def test_a_calibrated_network_shows_what_chance_gives() -> None:
    found = calibrate(*drawn(4, 1000, 0.0), None)
    assert found.ece == pytest.approx(found.chance_ece, rel=0.4)
    assert found.overconfidence.interval.low < 0 < found.overconfidence.interval.high


def test_a_planted_excess_is_measured() -> None:
    found = calibrate(*drawn(4, 1000, 0.2), None)
    assert found.overconfidence.mean == pytest.approx(0.2, abs=0.03)
    assert found.overconfidence.interval.low > 0.1
    assert found.ece == pytest.approx(0.2, abs=0.03)
    assert found.ece > 3 * found.chance_ece
    for own in found.bins:
        assert own.confidence - own.accuracy.mean == pytest.approx(0.2, abs=0.08)
    assert sum(own.images for own in found.bins) == pytest.approx(1000)


def test_the_expected_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1]] * 2 + [[0.6, 0.4]] * 2)
    correct = np.array([[True, True, False, True]])
    by_image = abs(0.9 - 1) * 2 + abs(0.6 - 0) + abs(0.6 - 1)
    assert calibrate([probabilities], correct, None).ece == pytest.approx(by_image / 4), "fewer images than bins"
