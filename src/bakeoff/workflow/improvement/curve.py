"""The learning curve: what parts of the training photos give, and what twice as many would."""

from collections.abc import Iterator, Sequence

import polars as pl

from bakeoff.core.types import TRAIN, VAL
from bakeoff.evaluation.improvements import CurvePoint, Variant
from bakeoff.evaluation.intervals import over_seeds
from bakeoff.evaluation.learning_curve import fit_learning_curve
from bakeoff.training.run import Run
from bakeoff.workflow.improvement.context import Workplace

DOUBLE = 2.0


def learning_curve(place: Workplace) -> tuple[tuple[CurvePoint, ...], Variant]:
    """Trains on parts of the photos, and fits a curve.

    Returns:
        The points by training images, the extrapolated one last; and what twice the photos would gain.
    """
    groups = [list(place.base), *_parts(place)]
    runs = [run for group in groups for run in group if run.finished]
    images, errors = [_images(run) for run in runs], [1 - _accuracy(run) for run in runs]
    points = sorted((_point(group) for group in groups if any(run.finished for run in group)), key=lambda p: p.images)
    what = "twice the training photos"
    curve = fit_learning_curve(images, errors)
    if curve is None:
        reason = "a learning curve needs runs that finished on several shares of the photos, and errors"
        return tuple(points), Variant("double", what, "skipped", reason)
    most = max(images)
    gain, interval = curve.gain(most, DOUBLE)
    base = 1 - curve.error(most)
    end = CurvePoint(
        images=round(DOUBLE * most),
        accuracy=base + gain,
        interval=type(interval)(base + interval.low, base + interval.high),
        extrapolated=True,
    )
    verdict = "better" if interval.low > 0 else "worse" if interval.high < 0 else "not distinguishable"
    return (*points, end), Variant("double", what, "extrapolated", verdict, gain, interval, len(place.base))


def _parts(place: Workplace) -> Iterator[Sequence[Run]]:
    share = place.experiment.training.train_fraction
    for part in place.experiment.improve.shares:
        if not place.used_up:
            yield place.train(f"{round(100 * part)}-percent", train_fraction=share * part)


def _point(group: Sequence[Run]) -> CurvePoint:
    finished = [run for run in group if run.finished]
    mean = over_seeds([_accuracy(run) for run in finished])
    return CurvePoint(_images(finished[0]), mean.mean or 0.0, mean.interval)


def _images(run: Run) -> int:
    return int((run.predictions["split"] == TRAIN).sum())


def _accuracy(run: Run) -> float:
    table = run.predictions.filter(pl.col("split") == VAL)
    return int((table["predicted"] == table["label"]).sum()) / table.height
