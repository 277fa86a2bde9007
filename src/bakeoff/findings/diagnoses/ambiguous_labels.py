"""Are the errors errors?"""

import msgspec
import numpy as np
import polars as pl

from bakeoff.core.registry import findings
from bakeoff.core.types import VAL, Interval
from bakeoff.evaluation.intervals import wilson
from bakeoff.evaluation.results import Results, finished
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, State, builtins_of

THRESHOLD = 0.05
"""From this fraction of errors on, predictions that name another object of the image matter: one in twenty."""


class ErrorCounts(msgspec.Struct, frozen=True):
    """Errors, and how many of them predict a class that is annotated in the image."""

    errors: int
    explained: int


class Explained(msgspec.Struct, frozen=True):
    """One network's run with the lowest seed, so that no image counts twice.

    Attributes:
        errors: How many.
        explained: How many predict a class that is annotated in the image.
        fraction: Of the errors.
        interval: Its 95 % Wilson interval; None without errors.
        gain: Any-label accuracy minus accuracy.
        by_class: By true class.
    """

    errors: int
    explained: int
    fraction: float
    interval: Interval | None
    gain: float
    by_class: dict[str, ErrorCounts]


class AmbiguousLabelsEvidence(msgspec.Struct, frozen=True):
    """Validation images that hold several target classes, in all and by class; the threshold; each network."""

    photos: int
    by_class: dict[str, int]
    threshold: float
    networks: dict[str, Explained]


@findings.register("ambiguous-labels")
def ambiguous_labels(results: Results) -> Finding:
    """Which fraction of the errors predicts a class that is annotated in the photo, too."""
    annotated = results.dataset.rows(VAL)["annotated"]
    several = int((annotated.list.len() > 1).sum())
    classes = results.comparison.classes
    measured = {own.name: _measure(own, classes) for own in results.comparison.networks if finished(own)}
    state, verdict = _judge(several, len(annotated), measured)
    return Finding(
        code="ambiguous-labels",
        title="Ambiguous labels",
        question="Are wrong predictions wrong, or do they name another object in the photo?",
        state=state,
        verdict=verdict,
        limits="Annotations can miss objects, and a network can name a class that is there by chance.",
        evidence=builtins_of(AmbiguousLabelsEvidence(several, _by_class(results), THRESHOLD, measured)),
        weight=70,
    )


def _judge(several: int, images: int, measured: dict[str, Explained]) -> tuple[State, str]:
    if not several:
        return "not applicable", "No validation photo holds several target classes: every label is unambiguous."
    if not any(own.errors for own in measured.values()):
        return "not applicable", "There are no errors to explain."
    low = min(measured.values(), key=lambda own: own.interval.low if own.interval else 1.0)
    high = max(measured.values(), key=lambda own: own.fraction)
    head = f"{several:,} of {images:,} validation photos hold several target classes; "
    head += f"{100 * low.fraction:.1f} to {100 * high.fraction:.1f} % of a network's errors "
    head += "predict a class that is in the photo"
    if high.interval and high.interval.low > THRESHOLD:
        return "found", f"{head}: they name another object, and are no confusions."
    if all(own.interval and own.interval.high < THRESHOLD for own in measured.values()):
        return "not found", f"{head}: ambiguous labels explain few of the errors."
    return "undecided", f"{head}."


def _measure(network: VariantScores, classes: tuple[str, ...]) -> Explained:
    run = finished(network)[0]
    counts, present = np.array(run.confusion), np.array(run.annotated_too)
    by_class = {
        name: ErrorCounts(
            int(counts[label].sum() - counts[label, label]), int(present[label].sum() - present[label, label])
        )
        for label, name in enumerate(classes)
    }
    errors = sum(own.errors for own in by_class.values())
    explained = sum(own.explained for own in by_class.values())
    return Explained(
        errors=errors,
        explained=explained,
        fraction=explained / errors if errors else 0.0,
        interval=wilson(explained, errors),
        gain=explained / int(counts.sum()),
        by_class=by_class,
    )


def _by_class(results: Results) -> dict[str, int]:
    several = results.dataset.rows(VAL).filter(pl.col("annotated").list.len() > 1)
    return {name: int((several["label"] == label).sum()) for label, name in enumerate(results.comparison.classes)}
