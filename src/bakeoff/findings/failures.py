"""Which runs learned nothing."""

import math
from typing import Any

import numpy as np

from bakeoff.evaluation.results import Results, epochs, validation
from bakeoff.evaluation.scores import RunScores
from bakeoff.training.run import Run

MARGIN = 0.02
"""A training loss within this many nats of ln K learned nothing: of K equal chances it knows 2 % of a nat."""

LITTLE = 0.1
"""Of the way from guessing to all training photos right: a run that came so far did learn, however high its loss."""

FLOOR = "majority"
"""The network that looks at no photo: it stays at chance by design."""


def failures(results: Results) -> dict[str, list[str]]:
    """The names of the runs that failed, and by which signs."""
    return {run.name: told for run in results.runs if (told := _reasons(run, results))}


def _reasons(run: Run, results: Results) -> list[str]:
    if not run.finished:
        return [f"{run.record.status}: {run.record.reason}"]
    if run.spec.network == FLOOR:
        return []
    told = []
    classes, loss = len(results.comparison.classes), epochs(run)[-1].train_loss if epochs(run) else None
    chance, scores = 1 / classes, _scores(run, results)
    fitted = scores.train_accuracy if scores else None
    learned = fitted is not None and fitted > chance + LITTLE * (1 - chance)
    if loss is not None and loss > math.log(classes) - MARGIN and not learned:
        told.append(f"training loss {loss:.3f}, guessing has {math.log(classes):.3f}")
    predicted = np.unique(validation(run)["predicted"].to_numpy())
    if len(predicted) == 1:
        told.append(f"only {results.comparison.classes[predicted[0]]!r} is predicted")
    if scores and scores.val_interval and scores.val_interval.low <= chance:
        told.append(f"validation accuracy {100 * (scores.val_accuracy or 0):.1f} %, guessing has {100 * chance:.1f} %")
    return told


def _scores(run: Run, results: Results) -> RunScores | None:
    scores: list[Any] = list(results.network(run.spec.variant).runs)
    return next((entry for entry in scores if entry.seed == run.spec.seed), None)
