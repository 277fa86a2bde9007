"""Accuracies with the interval that fits the number of seeds, and what a lead of one network over another bears."""

import math
from collections.abc import Sequence
from typing import Literal

from bakeoff.core.types import Estimate
from bakeoff.evaluation.intervals import wilson
from bakeoff.evaluation.scores import RunScores, VariantScores

Kind = Literal["train", "val", "any_label", "test"]


def of_run(run: RunScores, kind: Kind) -> Estimate:
    """A run's accuracy with its Wilson interval: over photos."""
    return Estimate(getattr(run, f"{kind}_accuracy"), getattr(run, f"{kind}_interval"))


def of_network(network: VariantScores, kind: Kind) -> Estimate:
    """A network's mean accuracy; its interval is over seeds, or over photos where only one run finished."""
    runs = finished(network)
    estimate: Estimate = getattr(network, f"{kind}_accuracy")
    return of_run(runs[0], kind) if len(runs) == 1 else estimate


def finished(network: VariantScores) -> Sequence[RunScores]:
    """The runs of a network that finished."""
    return [run for run in network.runs if run.status == "finished"]


def photo_noise(better: float, worse: float, images: int) -> float:
    """By how much the better of two accuracies can lead by the drawing of the photos alone.

    The distance from the difference down to the lower end of its 95 % interval by Newcombe's method, which combines the
    two Wilson intervals (Statistics in Medicine 17, 1998, method 10). It takes the photos of both networks as drawn
    apart. They are the same photos, so that the true distance is mostly smaller.

    Args:
        better: The higher accuracy, 0 to 1.
        worse: The lower one.
        images: Photos that each was measured on, at least 1.

    Returns:
        A fraction, 0 to 1; never 0.
    """
    high, low = (wilson(accuracy * images, images) for accuracy in (better, worse))
    return math.hypot(better - high.low, low.high - worse) if high and low else 1.0
