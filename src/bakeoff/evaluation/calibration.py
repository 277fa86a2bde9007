"""Whether a network's probabilities are what they claim to be."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import Clusters, estimate, ratio

BINS, CURVE_BINS = 15, 10
DRAWS = 20


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Images by the probability of their predicted class: its mean, the accuracy among them, and how many per seed."""

    confidence: float
    accuracy: Estimate
    images: float


class Calibration(msgspec.Struct, frozen=True):
    """How a variant's confidence, the probability of the predicted class, agrees with its accuracy.

    Attributes:
        ece: Expected calibration error, 0 to 1, in 15 bins of equally many images: the mean over seeds (Guo et al., On
            Calibration of Modern Neural Networks, 2017; equal bins after Nguyen and O'Connor, 2015).
        chance_ece: What a perfectly calibrated network with the same confidences would show on so few images: the
            error is never 0 (Vaicenavicius et al., Evaluating Model Calibration in Classification, 2019).
        overconfidence: Mean confidence minus accuracy, with its 95 % interval over seeds and images.
        bins: The reliability curve, in ten bins of equal width.
    """

    ece: float
    chance_ece: float
    overconfidence: Estimate
    bins: tuple[ReliabilityBin, ...]


def calibrate(
    probabilities: Sequence[npt.NDArray[np.float64]], correct: npt.NDArray[np.bool_], clusters: Clusters | None
) -> Calibration:
    """The calibration of a variant.

    Args:
        probabilities: Of each run, float64 (N, K).
        correct: bool (S, N).
        clusters: By image the photo that it is from.
    """
    confidence = np.stack([own.max(axis=1) for own in probabilities])
    draws = np.random.default_rng(0)
    by_chance = [_ece(row, draws.random(row.shape) < row) for row in confidence for _ in range(DRAWS)]
    return Calibration(
        ece=float(np.mean([_ece(*rows) for rows in zip(confidence, correct, strict=True)])),
        chance_ece=float(np.mean(by_chance)),
        overconfidence=estimate(confidence - correct, clusters, fraction=False),
        bins=tuple(_bins(confidence, correct, clusters)),
    )


def _ece(confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_]) -> float:
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(confidence)))
    return sum(abs(float((confidence[own] - correct[own]).sum())) for own in bins) / len(confidence)


def _bins(
    confidence: npt.NDArray[np.float64], correct: npt.NDArray[np.bool_], clusters: Clusters | None
) -> list[ReliabilityBin]:
    numbers = np.minimum((confidence * CURVE_BINS).astype(np.int64), CURVE_BINS - 1)
    found = []
    for number in range(CURVE_BINS):
        inside = (numbers == number).astype(np.float64)
        if inside.any(axis=1).all():
            accuracy = estimate(ratio(inside * correct, inside), clusters)
            mean = float((confidence * inside).sum() / inside.sum())
            found.append(ReliabilityBin(mean, accuracy, float(inside.sum() / len(inside))))
    return found
