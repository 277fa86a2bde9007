"""Which classes are hard, and which are confused?"""

import msgspec
import numpy as np

from bakeoff.core.registry import findings
from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import Table, estimate, ratio
from bakeoff.evaluation.intervals import ALPHA, clopper_pearson, holm
from bakeoff.evaluation.predictions import LabelledImages, Outputs
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.variance_components import clustered, variance_components
from bakeoff.findings.finding import Finding, ShortAnswer, State, builtins_of

SHOWN = 3
FEW = 5
"""Confusions of fewer images than this per seed are not tested: a handful proves no habit."""


class Recall(msgspec.Struct, frozen=True):
    """The recall of a class, and the p value of its being below the mean recall of the others, after Holm.

    The interval is simultaneous: 95 % for all classes of the network together, since the lowest one is picked.
    """

    name: str
    recall: Estimate
    p: float


class Confusion(msgspec.Struct, frozen=True):
    """How many images of one class are predicted as another, per seed, and how many an even spread would give.

    p, after Holm over all cells, is that of the spread being even.
    """

    count: float
    even: float
    true: str
    predicted: str
    p: float


class ClassErrors(msgspec.Struct, frozen=True):
    """One network, all seeds that trained.

    Attributes:
        network: Its name.
        seeds: Seeds that trained.
        accuracy: Mean validation accuracy.
        recall: By class, the lowest first.
        confused: The largest cells off the diagonal, with what an even spread of the class's errors would give.
        never: Classes that no run predicts, with so many images that their recall is surely below half the accuracy.
    """

    network: str
    seeds: int
    accuracy: float
    recall: list[Recall]
    confused: list[Confusion]
    never: list[str]


class HardClassesEvidence(msgspec.Struct, frozen=True):
    """The level of the tests, and each network that has trained runs."""

    alpha: float
    networks: list[ClassErrors]


@findings.register("hard-classes")
def hard_classes(results: Results) -> Finding:
    """Classes with a recall below the others', confusions above an even spread, and classes never predicted."""
    measured = [
        _measure(network.name, results)
        for network in results.comparison.comparable
        if results.outputs(network.name) and not results.traits(network.name).ignores_input
    ]
    state, verdict = _judge(measured)
    return Finding(
        code="hard-classes",
        title="Hard classes",
        question="Are some classes hard to tell apart?",
        state=state,
        verdict=verdict,
        limits="Tested over seeds and photos together, with Holm's correction over the classes, and over the cells, of "
        "a network. Whether a confusion lies in the photos or in their labels is the finding on ambiguous labels.",
        evidence=builtins_of(HardClassesEvidence(ALPHA, measured)),
        weight=55,
        answer=_answer(measured, state),
    )


def _answer(measured: list[ClassErrors], state: State) -> ShortAnswer | None:
    """What was found, as in the verdict; the lowest recall of the best network where nothing was."""
    if not any(own.recall for own in measured):
        return None
    best = max(measured, key=lambda own: own.accuracy)
    if state != "found":
        return ShortAnswer("undecided", f"{best.network}: {'; '.join(map(_recall, best.recall[:1]))}.")
    said = [_recall(own) for own in best.recall if own.p < ALPHA][:SHOWN]
    sure = [own for own in best.confused if own.p < ALPHA][:SHOWN]
    said += [f"{own.true} as {own.predicted} {own.count:.0f} times per seed" for own in sure]
    parts = [f"{best.network}: {'; '.join(said)}"] if said else []
    parts += [f"{own.network} never predicts {', '.join(own.never)}" for own in measured if own.never]
    return ShortAnswer("yes", f"{'; '.join(parts)}.")


def _judge(measured: list[ClassErrors]) -> tuple[State, str]:
    if not measured:
        return "not applicable", "No network that looks at the photos trained."
    best = max(measured, key=lambda own: own.accuracy)
    if not best.recall:
        return "not applicable", "All photos are of one class, so that it can't be harder than another."
    if best.seeds < 2:
        return "not applicable", (
            f"One seed does not tell which classes are hard: another may find others so. In this run of {best.network} "
            f"the lowest recall is that of {_recall(best.recall[0])}."
        )
    hard = [own for own in best.recall if own.p < ALPHA]
    parts = [f"hard for {best.network}: {', '.join(map(_recall, hard[:SHOWN]))}"] if hard else []
    if sure := [own for own in best.confused if own.p < ALPHA]:
        parts.append(f"predicted more often than an even spread of the errors explains: {_cells(sure)}")
    elif best.confused and hard:
        parts.append(
            f"most often, though an even spread of the errors is not ruled out, it predicts {_cells(best.confused)}"
        )
    parts += [f"{own.network} never predicts {', '.join(own.never)}" for own in measured if own.never]
    if not parts:
        return "undecided", f"In {best.network} no class's recall differs from the others' by more than noise explains."
    return "found", f"{parts[0][0].upper()}{'; '.join(parts)[1:]}."


def _cells(cells: list[Confusion]) -> str:
    return ", ".join(
        f"{own.true} as {own.predicted} ({own.count:.0f} photos per seed, {own.even:.0f} if even)"
        for own in cells[:SHOWN]
    )


def _recall(own: Recall) -> str:
    interval = own.recall.interval
    bounds = f" ({100 * interval.low:.1f} to {100 * interval.high:.1f})" if interval else ""
    return f"{own.name}, recall {100 * (own.recall.mean or 0):.1f} %{bounds}"


def _measure(name: str, results: Results) -> ClassErrors:
    images, classes = results.images[name], results.comparison.classes
    outputs = results.outputs(name)
    counts = [int(outputs[0].is_class(label).sum()) for label in range(len(classes))]
    accuracy = results.network(name).val_accuracy.mean or 0.0
    named = {label for label in range(len(classes)) if any(own.names_class(label).any() for own in outputs)}
    enough = {
        label
        for label, count in enumerate(counts)
        if clopper_pearson(0, count, 2 * ALPHA / len(classes)).high < accuracy / 2
    }
    return ClassErrors(
        network=name,
        seeds=len(outputs),
        accuracy=accuracy,
        recall=_recalls(outputs, images, classes),
        confused=_confused(outputs, images, classes),
        never=[classes[label] for label in sorted(enough - named)],
    )


def _recalls(outputs: list[Outputs], images: LabelledImages, classes: tuple[str, ...]) -> list[Recall]:
    """Recall by class, the lowest first, each tested against the mean of the others."""
    labels = [label for label in range(len(classes)) if outputs[0].is_class(label).any()]
    tables = {}
    for label in labels:
        own = np.array([run.is_class(label) for run in outputs], dtype=np.float64)
        tables[label] = ratio(own * [run.names_class(label) for run in outputs], own)
    contrasts = {
        label: own - np.mean([tables[other] for other in labels if other != label], axis=0)
        for label, own in tables.items()
        if len(labels) > 1
    }
    adjusted = holm([_below_zero(own, images) for own in contrasts.values()])
    found = [
        Recall(classes[label], estimate(tables[label], images.clusters, alpha=ALPHA / len(labels)), p)
        for label, p in zip(contrasts, adjusted, strict=True)
    ]
    return sorted(found, key=lambda own: own.recall.mean or 0.0)


def _below_zero(table: Table, images: LabelledImages) -> float:
    """The two-sided p value of a table's mean, 1 where it is not below zero, or one seed makes it unknown."""
    if images.clusters is not None:
        table = clustered(table, images.clusters)
    if min(table.shape) < 2 or table.mean() >= 0:
        return 1.0
    found = variance_components(table)
    return min(1.0, 2 * found.tail(-found.mean))


def _confused(outputs: list[Outputs], images: LabelledImages, classes: tuple[str, ...]) -> list[Confusion]:
    """Cells off the diagonal, the largest first, each tested against an even spread of its class's errors.

    None where an image has several classes: one that is missed is not taken for another.
    """
    if len(classes) < 3 or outputs[0].named is not None:
        return []
    predicted = np.array([own.predicted for own in outputs])
    cells = []
    for truth in np.unique(images.labels):
        wrong = ((images.labels == truth) & (predicted != truth)).astype(np.float64)
        for guess in np.unique(predicted[wrong > 0]):
            count, even = float((wrong * (predicted == guess)).sum()), float(wrong.sum() / (len(classes) - 1))
            if count >= FEW * len(predicted):
                p = _below_zero(1 / (len(classes) - 1) - ratio(wrong * (predicted == guess), wrong), images)
                per_seed = count / len(predicted), even / len(predicted)
                cells.append(Confusion(*per_seed, classes[truth], classes[guess], p))
    adjusted = holm([cell.p for cell in cells])
    tested = [msgspec.structs.replace(cell, p=p) for cell, p in zip(cells, adjusted, strict=True)]
    return sorted(tested, key=lambda cell: (-cell.count, cell.true, cell.predicted))
