"""What would make a network better, measured; `improve/improvements.json`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from bakeoff.core.types import TRAIN, Interval
from bakeoff.evaluation.intervals import over_seeds, points
from bakeoff.evaluation.learning_curve import fit_learning_curve
from bakeoff.evaluation.scores import PairScores, RunScores, VariantScores
from bakeoff.training.run import Run

KINDS = ("measured", "extrapolated", "skipped")
VERDICTS = {"second better": "better", "first better": "worse", "not applicable": "not tested: one seed"}
DOUBLE = 2.0


class Change(msgspec.Struct, frozen=True):
    """One change of the experiment, and what it gains.

    Attributes:
        name: A short name, such as "flip-and-crop".
        what: The change in words.
        kind: "measured", "extrapolated" (without a run of its own), or "skipped" (`verdict` says why).
        verdict: "better", "worse", "not distinguishable", "not tested" with one seed, or why it was skipped.
        gain: Mean accuracy with the change minus without, a fraction; None where it was skipped.
        interval: Its 95 % interval over seeds and images (extrapolated: of the fitted curve); None with one seed.
        seeds: Seeds that finished in both.
        images: Images that both were scored on.
    """

    name: str
    what: str
    kind: Literal["measured", "extrapolated", "skipped"]
    verdict: str
    gain: float | None = None
    interval: Interval | None = None
    seeds: int = 0
    images: int = 0


class CurvePoint(msgspec.Struct, frozen=True):
    """A point of the learning curve.

    Attributes:
        images: Training images.
        accuracy: Validation accuracy, 0 to 1: the mean over seeds, or what the fitted curve gives.
        interval: Its 95 % interval, over seeds (t) or of the fitted curve; None with one seed.
        extrapolated: Whether it is extrapolated from the curve, without a run.
    """

    images: int
    accuracy: float
    interval: Interval | None
    extrapolated: bool = False


class Improvements(msgspec.Struct, frozen=True):
    """What was tried on one variant, best first.

    Attributes:
        network: The variant's name.
        changes: What was measured by its gain, the largest first, then what was extrapolated, then what was skipped.
        curve: The learning curve, by training images.
        seconds: Wall time of all of it.
        budget: The limit that was set, in minutes; 0 is none.
        statement: The result in words.
    """

    network: str
    changes: tuple[Change, ...]
    curve: tuple[CurvePoint, ...]
    seconds: float
    budget: float
    statement: str
    schema: int = 2


def measured_change(name: str, what: str, pair: PairScores) -> Change:
    """What a change gains by the comparison of the variant without it (first) and with it (second)."""
    if pair.difference is None:
        reason = "no seed finished both with and without it, or there is no image to score both on"
        return Change(name, what, "skipped", reason)
    return Change(
        name,
        what,
        "measured",
        VERDICTS.get(pair.verdict, pair.verdict),
        gain=pair.difference,
        interval=pair.interval,
        seeds=len(pair.seeds),
        images=pair.images,
    )


def rank(changes: Iterable[Change]) -> tuple[Change, ...]:
    """What was measured by its gain, the largest first, then what was extrapolated, then what was skipped."""
    return tuple(sorted(changes, key=lambda change: (KINDS.index(change.kind), -(change.gain or 0.0))))


def statement(network: str, ranked: Sequence[Change]) -> str:
    """The ranking in words."""
    measured = [change for change in ranked if change.kind == "measured"]
    better = [_gain(change) for change in measured if change.verdict == "better"]
    same = [change.name for change in measured if change.verdict not in ("better", "worse")]
    worse = [change.name for change in measured if change.verdict == "worse"]
    parts = [f"For {network}, better than no change: {'; '.join(better) or 'nothing that was tried'}."]
    parts += [f"Not distinguishable from no change: {', '.join(same)}."] if same else []
    parts += [f"Worse: {', '.join(worse)}."] if worse else []
    parts += [f"Extrapolated: {_gain(change)}." for change in ranked if change.kind == "extrapolated"]
    return " ".join(parts)


def _gain(change: Change) -> str:
    bounds = f" ({points(change.interval.low)} to {points(change.interval.high)})" if change.interval else ""
    return f"{change.what} {points(change.gain or 0.0)} points{bounds}"


def learning_curve(groups: Sequence[VariantScores], runs: Sequence[Run]) -> tuple[tuple[CurvePoint, ...], Change]:
    """A power law through variants that differ in their training images alone.

    Args:
        groups: Their scores.
        runs: Their runs.

    Returns:
        The points by training images, the extrapolated one last; and what twice the images would gain.
    """
    images = {(run.spec.variant, run.spec.seed): run.predictions.of(TRAIN).height for run in runs}
    scored = list(_finished(groups, images))
    what = "twice the training photos"
    made = sorted(_points(groups, images), key=lambda point: point.images)
    curve = fit_learning_curve([count for count, _ in scored], [1 - accuracy for _, accuracy in scored])
    if curve is None:
        reason = "a learning curve needs finished runs on several fractions of the photos, and errors"
        return tuple(made), Change("double", what, "skipped", reason)
    most = max(count for count, _ in scored)
    gain, interval = curve.gain(most, DOUBLE)
    base = 1 - curve.error(most)
    bounds = Interval(base + interval.low, base + interval.high)
    end = CurvePoint(round(DOUBLE * most), base + gain, bounds, extrapolated=True)
    verdict = "better" if interval.low > 0 else "worse" if interval.high < 0 else "not distinguishable"
    return (*made, end), Change("double", what, "extrapolated", verdict, gain, interval, len(groups[0].runs))


def _finished(groups: Iterable[VariantScores], images: Mapping[tuple[str, int], int]) -> Iterator[tuple[int, float]]:
    for group in groups:
        for run in _with_accuracy(group):
            yield images[group.name, run.seed], run.val_accuracy or 0.0


def _points(groups: Iterable[VariantScores], images: Mapping[tuple[str, int], int]) -> Iterator[CurvePoint]:
    for group in groups:
        if runs := _with_accuracy(group):
            mean = over_seeds([run.val_accuracy or 0.0 for run in runs])
            yield CurvePoint(images[group.name, runs[0].seed], mean.mean or 0.0, mean.interval)


def _with_accuracy(group: VariantScores) -> list[RunScores]:
    return [run for run in group.runs if run.val_accuracy is not None]
