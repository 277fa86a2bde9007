"""Which classes are hard, and which are confused?"""

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from bakeoff.core.registry import findings
from bakeoff.core.types import Interval
from bakeoff.evaluation.intervals import ALPHA, holm, wilson
from bakeoff.evaluation.results import Results, finished
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, State, builtins_of

SHOWN = 3


class Recall(msgspec.Struct, frozen=True):
    """The recall of a class with its 95 % Wilson interval, fractions."""

    name: str
    recall: float
    low: float
    high: float


class Confusion(msgspec.Struct, frozen=True):
    """How many images of one class are predicted as another, and the binomial test's p value."""

    count: int
    true: str
    predicted: str
    p: float


class ClassErrors(msgspec.Struct, frozen=True):
    """One network's run with the lowest seed.

    Attributes:
        network: Its name.
        accuracy: Mean validation accuracy over all runs.
        recall: By class, the lowest first.
        confused: Cells above chance, the largest first.
        never: Classes that no run of the network predicts.
    """

    network: str
    accuracy: float
    recall: list[Recall]
    confused: list[Confusion]
    never: list[str]


class HardClassesEvidence(msgspec.Struct, frozen=True):
    """The level of the tests, and each network that has finished runs."""

    alpha: float
    networks: list[ClassErrors]


@findings.register("hard-classes")
def hard_classes(results: Results) -> Finding:
    """The lowest recall, the cells of the confusion matrix above chance, and classes that are never predicted."""
    classes = results.comparison.classes
    measured = [_measure(network, classes) for network in results.comparison.networks if finished(network)]
    never = [
        f"{own.network} never predicts {', '.join(own.never)}"
        for own in measured
        if own.never and not results.traits(own.network).ignores_input
    ]
    state, verdict = _judge(measured, never)
    return Finding(
        code="hard-classes",
        title="Hard classes",
        question="Which classes are hard to tell apart, and why?",
        state=state,
        verdict=verdict,
        limits="Counts are of the run with the lowest seed, so that no photo counts twice. Whether a confusion lies in "
        "the photos or in their labels is the finding on ambiguous labels.",
        evidence=builtins_of(HardClassesEvidence(ALPHA, measured)),
        weight=55,
    )


def _judge(measured: list[ClassErrors], never: list[str]) -> tuple[State, str]:
    if not measured:
        return "not applicable", "No run finished."
    best = max([own for own in measured if not own.never] or measured, key=lambda own: own.accuracy)
    hardest, confused = best.recall[0], best.confused[:SHOWN]
    parts = [
        f"In {best.network} the lowest recall is that of {hardest.name}: {100 * hardest.recall:.1f} % "
        f"({100 * hardest.low:.1f} to {100 * hardest.high:.1f})"
    ]
    if confused:
        cells = ", ".join(f"{cell.true} predicted as {cell.predicted} ({cell.count})" for cell in confused)
        parts.append(f"confused more often than chance explains: {cells}")
    return "found" if confused or never else "not found", "; ".join([*parts, *never]) + "."


def _measure(network: VariantScores, classes: tuple[str, ...]) -> ClassErrors:
    counts = np.array(finished(network)[0].confusion)
    total = np.sum([run.confusion for run in finished(network)], axis=0)
    recall = []
    for label, name in enumerate(classes):
        correct, images = int(counts[label, label]), int(counts[label].sum())
        interval = wilson(correct, images) or Interval(0.0, 1.0)
        recall.append(Recall(name, correct / max(images, 1), interval.low, interval.high))
    return ClassErrors(
        network=network.name,
        accuracy=network.val_accuracy.mean or 0.0,
        recall=sorted(recall, key=lambda own: own.recall),
        confused=_confused(counts, classes),
        never=[name for label, name in enumerate(classes) if total[:, label].sum() == 0],
    )


def _confused(counts: npt.NDArray[np.int64], classes: tuple[str, ...]) -> list[Confusion]:
    """Off-diagonal cells that hold more of their class's errors than an even spread over the other classes explains.

    Each cell has a binomial test, with Holm's correction over all cells.
    """
    errors = counts - np.diag(np.diag(counts))
    chance = 1 / (len(classes) - 1)
    cells = []
    for truth, guess in np.argwhere(errors):
        test = binomtest(int(errors[truth, guess]), int(errors[truth].sum()), chance, alternative="greater")
        cells.append(Confusion(int(errors[truth, guess]), classes[truth], classes[guess], float(test.pvalue)))
    adjusted = holm([cell.p for cell in cells])
    kept = [cell for cell, p in zip(cells, adjusted, strict=True) if p <= ALPHA]
    return sorted(kept, key=lambda cell: (cell.count, cell.true, cell.predicted), reverse=True)
