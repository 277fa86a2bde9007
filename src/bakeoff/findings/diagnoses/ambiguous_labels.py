"""Are the errors errors?"""

from typing import Any

import numpy as np
import polars as pl

from bakeoff.core.registry import findings
from bakeoff.core.types import VAL
from bakeoff.evaluation.intervals import wilson
from bakeoff.evaluation.results import Results, finished
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, State

SHARE = 0.05
"""From this share of errors on, answers that name another object of the photo are worth a word: one in twenty."""


@findings.register("ambiguous-labels")
def ambiguous_labels(results: Results) -> Finding:
    """What share of the errors predicts a class that is annotated in the photo, too."""
    held = results.dataset.rows(VAL)["annotated"]
    several = int((held.list.len() > 1).sum())
    measured = {
        network.name: _measure(network, results) for network in results.comparison.networks if finished(network)
    }
    state, verdict = _judge(several, len(held), measured)
    return Finding(
        code="ambiguous-labels",
        title="Ambiguous labels",
        question="Are wrong answers wrong, or do they name another object in the photo?",
        state=state,
        verdict=verdict,
        limits="Annotations can miss objects, and a network can name a class that is there by chance.",
        evidence={
            "photos": several,
            "by_class": _by_class(results),
            "threshold": SHARE,
            "networks": measured,
        },
        weight=70,
    )


def _judge(several: int, photos: int, measured: dict[str, dict[str, Any]]) -> tuple[State, str]:
    if not several:
        return "not applicable", "No validation photo holds several target classes: every label is unambiguous."
    if not any(numbers["errors"] for numbers in measured.values()):
        return "not applicable", "There are no errors to explain."
    low = min(measured.values(), key=lambda numbers: numbers["interval"].low if numbers["interval"] else 1.0)
    high = max(measured.values(), key=lambda numbers: numbers["share"])
    head = f"{several:,} of {photos:,} validation photos hold several target classes; "
    head += f"{100 * low['share']:.1f} to {100 * high['share']:.1f} % of a network's errors "
    head += "predict a class that is in the photo"
    if high["interval"] and high["interval"].low > SHARE:
        return "found", f"{head}: they are answers to another object, not confusions."
    if all(numbers["interval"] and numbers["interval"].high < SHARE for numbers in measured.values()):
        return "not found", f"{head}: ambiguous labels explain few of the errors."
    return "undecided", f"{head}."


def _measure(network: VariantScores, results: Results) -> dict[str, Any]:
    """Numbers of the run with the lowest seed, so that no photo counts twice."""
    run = finished(network)[0]
    counts, present = np.array(run.confusion), np.array(run.annotated_too)
    errors = int(counts.sum() - np.trace(counts))
    explained = int(present.sum() - np.trace(present))
    by_class = {
        name: {
            "errors": int(counts[label].sum() - counts[label, label]),
            "explained": int(present[label].sum() - present[label, label]),
        }
        for label, name in enumerate(results.comparison.classes)
    }
    return {
        "errors": errors,
        "explained": explained,
        "share": explained / errors if errors else 0.0,
        "interval": wilson(explained, errors),
        "gain": explained / int(counts.sum()),
        "by_class": by_class,
    }


def _by_class(results: Results) -> dict[str, int]:
    """Validation photos of each class that hold other target classes too."""
    several = results.dataset.rows(VAL).filter(pl.col("annotated").list.len() > 1)
    return {name: int((several["label"] == label).sum()) for label, name in enumerate(results.comparison.classes)}
