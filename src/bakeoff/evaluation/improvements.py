"""What would make a network better, measured; `improve/improvements.json`."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean, pvariance
from typing import Literal

import msgspec

from bakeoff.core.types import TRAIN, Estimate, Interval
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.learning_curve import extrapolate
from bakeoff.evaluation.scores import PairScores, RunScores, VariantScores
from bakeoff.training.run import Run

KINDS = ("measured", "extrapolated", "skipped")
VERDICTS = {"second better": "better", "first better": "worse", "not applicable": "not tested: one seed"}
DOUBLE = 2.0
OWN_IMAGES, SHARED_IMAGES = "all validation photos", "photos of one target class, new to both"


class Change(msgspec.Struct, frozen=True):
    """One change of the experiment, and what it gains.

    Attributes:
        name: A short name, such as "flip-and-crop".
        what: The change in words.
        kind: "measured", "extrapolated" (without a run of its own), or "skipped" (`verdict` says why).
        verdict: "better", "worse", "equivalent", "undecided", "not tested" with one seed, "not measured", or why it was
            skipped.
        gain: Mean accuracy with the change minus without, a fraction; None where it was not measured.
        interval: Its 95 % interval over seeds and images (extrapolated: the range of the fitted curves); None with one
            seed.
        expected: The gain to expect of new runs: what was measured, less what choosing the largest of several noisy
            gains adds to it; None with one seed.
        seeds: Seeds that trained in both.
        images: Images that both were scored on.
        scored_on: Which these are.
    """

    name: str
    what: str
    kind: Literal["measured", "extrapolated", "skipped"]
    verdict: str
    gain: float | None = None
    interval: Interval | None = None
    expected: float | None = None
    seeds: int = 0
    images: int = 0
    scored_on: str = ""


class CurvePoint(msgspec.Struct, frozen=True):
    """A point of the learning curve.

    Attributes:
        images: Training images.
        accuracy: Validation accuracy, 0 to 1: the mean over seeds, or what the fitted curve gives.
        interval: Its 95 % interval over seeds and images, or the range of the fitted curves.
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
    schema: int = 3


def measured_change(name: str, what: str, pair: PairScores, *, shared: bool = False) -> Change:
    """What a change gains by the comparison of the variant without it (first) and with it (second).

    Args:
        name: Of the change.
        what: The change in words.
        pair: The comparison.
        shared: Whether it is on images that are new to the data sets of both.
    """
    if pair.difference is None:
        reason = "no seed trained both with and without it, or there is no image to score both on"
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
        scored_on=SHARED_IMAGES if shared else OWN_IMAGES,
    )


def shrink(changes: Iterable[Change], pairs: Mapping[str, PairScores]) -> tuple[Change, ...]:
    """The changes with the gains to expect: each measured one is drawn towards their mean by its share of noise.

    The largest of several estimates is too large on average (the winner's curse); the posterior mean under a normal
    prior, whose mean and variance are estimated from all gains, is not (Efron, Tweedie's Formula and Selection Bias,
    JASA 106, 2011).

    Args:
        changes: All that was tried.
        pairs: By change the comparison behind it.
    """
    found = list(changes)
    # half of a difference's variance is the unchanged network's, which all gains have in common
    noise = {name: _variance(pair) / 2 for name, pair in pairs.items() if pair.variance}
    gains = [change.gain for change in found if change.gain is not None and change.name in noise]
    if not gains:
        return tuple(found)
    centre, spread = mean(gains), max(0.0, pvariance(gains) - mean(noise.values()))
    return tuple(
        msgspec.structs.replace(
            change, expected=centre + (change.gain - centre) * spread / ((spread + noise[change.name]) or 1.0)
        )
        if change.gain is not None and change.name in noise
        else change
        for change in found
    )


def _variance(pair: PairScores) -> float:
    """The variance of a pair's difference."""
    if not pair.variance:
        return math.inf
    seeds, images, rest = pair.variance.seeds, pair.variance.images, pair.variance.rest
    return seeds / len(pair.seeds) + images / pair.images + rest / (len(pair.seeds) * pair.images)


def rank(changes: Iterable[Change]) -> tuple[Change, ...]:
    """What was measured by its gain, the largest first, then what was extrapolated, then what was skipped."""
    return tuple(sorted(changes, key=lambda change: (KINDS.index(change.kind), -(change.gain or 0.0))))


def statement(network: str, ranked: Sequence[Change]) -> str:
    """The ranking in words."""
    measured = [change for change in ranked if change.kind == "measured"]
    better = [_gain(change) for change in measured if change.verdict == "better"]
    parts = [f"For {network}, better than no change: {'; '.join(better) or 'nothing that was tried'}."]
    for verdict, words in (("equivalent", "As good as no change"), ("undecided", "Undecided"), ("worse", "Worse")):
        names = [change.name for change in measured if change.verdict == verdict]
        parts += [f"{words}: {', '.join(names)}."] if names else []
    for change in ranked:
        if change.kind == "extrapolated" and change.interval:
            low, high = points(change.interval.low), points(change.interval.high)
            parts.append(f"Extrapolated, not measured: {change.what} {low} to {high} points.")
    return " ".join(parts)


def _gain(change: Change) -> str:
    bounds = f" ({points(change.interval.low)} to {points(change.interval.high)})" if change.interval else ""
    expected = f"; expect {points(change.expected)}" if change.expected is not None else ""
    return f"{change.what} {points(change.gain or 0.0)} points{bounds}{expected}"


def learning_curve(groups: Sequence[VariantScores], runs: Sequence[Run]) -> tuple[tuple[CurvePoint, ...], Change]:
    """A learning curve through variants that differ in their training images alone.

    Args:
        groups: Their scores.
        runs: Their runs.

    Returns:
        The points by training images, the extrapolated one last; and what twice the images would gain.
    """
    images = {(run.spec.variant, run.spec.seed): run.predictions.of(TRAIN).height for run in runs}
    scored = list(_finished(groups, images))
    what = "twice the training photos"
    made = tuple(sorted(_points(groups, images), key=lambda point: point.images))
    found = (
        extrapolate([count for count, _ in scored], [1 - accuracy for _, accuracy in scored], DOUBLE)
        if scored
        else None
    )
    if found is None:
        reason = "a learning curve needs several trained runs on several fractions of the photos, and errors"
        return made, Change("double", what, "skipped", reason)
    base, most = 1 - found.error, max(count for count, _ in scored)
    bounds = Interval(base + found.range.low, min(1.0, base + found.range.high))
    end = CurvePoint(round(DOUBLE * most), (bounds.low + bounds.high) / 2, bounds, extrapolated=True)
    seeds = min(len(group.trained) for group in groups)
    change = Change("double", what, "extrapolated", "not measured", interval=found.range, seeds=seeds)
    return (*made, end), change


def _finished(groups: Iterable[VariantScores], images: Mapping[tuple[str, int], int]) -> Iterator[tuple[int, float]]:
    for group in groups:
        for run in _with_accuracy(group):
            yield images[group.name, run.seed], run.val_accuracy or 0.0


def _points(groups: Iterable[VariantScores], images: Mapping[tuple[str, int], int]) -> Iterator[CurvePoint]:
    for group in groups:
        if runs := _with_accuracy(group):
            accuracy: Estimate = group.val_accuracy
            yield CurvePoint(images[group.name, runs[0].seed], accuracy.mean or 0.0, accuracy.interval)


def _with_accuracy(group: VariantScores) -> list[RunScores]:
    return [run for run in group.trained if run.val_accuracy is not None]
