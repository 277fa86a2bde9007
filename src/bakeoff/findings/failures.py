"""Which runs learned nothing."""

import math

import numpy as np

from bakeoff.core.types import VAL
from bakeoff.evaluation.results import Results, epochs
from bakeoff.training.run import Run

MARGIN = 0.02
"""A training loss within this many nats of ln K learned nothing: of K equal chances it knows 2 % of a nat."""

LEARNED = 0.1
"""Of the way from chance level to all training images correct: a run that got this far did learn, whatever its loss."""


def failures(results: Results) -> dict[str, list[str]]:
    """The names of the runs that failed, each with the signs of it."""
    return {run.name: reasons for run in results.runs if (reasons := _reasons(run, results))}


def _reasons(run: Run, results: Results) -> list[str]:
    if not run.finished:
        return [f"{run.record.status}: {run.record.reason}"]
    if results.traits(run.spec.variant).ignores_input:
        return []  # it stays at chance by design
    reasons = []
    classes, loss = len(results.comparison.classes), epochs(run)[-1].train_loss if epochs(run) else None
    chance = 1 / classes
    scores = next(own for own in results.network(run.spec.variant).runs if own.seed == run.spec.seed)
    fitted = scores.train_accuracy
    learned = fitted is not None and fitted > chance + LEARNED * (1 - chance)
    if loss is not None and loss > math.log(classes) - MARGIN and not learned:
        reasons.append(f"training loss {loss:.3f}, chance level {math.log(classes):.3f}")
    predicted = np.unique(run.predictions.of(VAL)["predicted"].to_numpy())
    if len(predicted) == 1:
        reasons.append(f"only {results.comparison.classes[predicted[0]]!r} is predicted")
    if scores.val_interval and scores.val_interval.low <= chance:
        accuracy = 100 * (scores.val_accuracy or 0)
        reasons.append(f"validation accuracy {accuracy:.1f} %, chance level {100 * chance:.1f} %")
    return reasons
