"""How the error falls with the number of training images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress, t

from bakeoff.core.types import Interval
from bakeoff.evaluation.intervals import ALPHA

STEEPEST = 100.0
"""Beyond this exponent a power would overflow; every error is at its limit long before."""


@dataclass(frozen=True)
class LearningCurve:
    """The power law error = scale · images^slope.

    Learning curves follow it over a wide range of sizes (Hestness et al., Deep Learning Scaling is Predictable,
    Empirically, 2017, section 2). It is fitted by least squares on the logarithms.

    Attributes:
        scale: Of the law; the error, 0 to 1, of a single image.
        slope: The exponent, below zero where more images help.
        slope_interval: Its 95 % t interval; every run counts as a sample.
    """

    scale: float
    slope: float
    slope_interval: Interval

    def error(self, images: float) -> float:
        """The error after training on so many images, 0 to 1."""
        return float(min(1.0, self.scale * images**self.slope))

    def gain(self, images: int, factor: float) -> tuple[float, Interval]:
        """By how much the error falls from so many images to that many times as many, with its 95 % interval.

        The interval is that of the slope alone: it takes the law for true, and the validation photos as given.
        """
        error = self.error(images)

        def fall(slope: float) -> float:
            return max(error - 1.0, error * (1 - math.pow(factor, min(slope, STEEPEST))))  # no error is above 1

        return fall(self.slope), Interval(fall(self.slope_interval.high), fall(self.slope_interval.low))


def fit_learning_curve(images: Sequence[int], errors: Sequence[float]) -> LearningCurve | None:
    """Fits the law to runs: training images of each, and its error, 0 to 1.

    Returns:
        The curve; None with fewer than three runs or two sizes, or where a run makes no error at all.
    """
    if len(images) < 3 or len(set(images)) < 2 or min(errors) <= 0:
        return None
    line = linregress(np.log(images), np.log(errors))
    deviation = float(line.stderr) if math.isfinite(line.stderr) else 0.0  # the errors are all the same
    half = float(t.isf(ALPHA / 2, len(images) - 2)) * deviation
    return LearningCurve(
        float(np.exp(line.intercept)), float(line.slope), Interval(float(line.slope) - half, float(line.slope) + half)
    )
