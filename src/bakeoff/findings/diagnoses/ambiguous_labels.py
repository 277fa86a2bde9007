"""Are the errors errors?"""

import msgspec
import numpy as np

from bakeoff.core.registry import findings
from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import estimate, ratio
from bakeoff.evaluation.predictions import LabelledImages, Outputs
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, Mark, ShortAnswer, State, builtins_of

THRESHOLD = 0.05
"""From this fraction of errors on, predictions that name another object of the image matter: one in twenty."""


class ErrorCounts(msgspec.Struct, frozen=True):
    """Errors per seed, and how many of them predict a class that is annotated in the image."""

    errors: float
    explained: float


class Explained(msgspec.Struct, frozen=True):
    """One network, all seeds that trained.

    Attributes:
        fraction: Of the errors, how many predict a class that is annotated in the image, with its 95 % interval over
            seeds and images.
        by_chance: How many would if the prediction had nothing to do with what else is in the image: by how often the
            two classes are annotated together.
        excess: The difference of the two.
        by_class: By true class.
    """

    fraction: Estimate
    by_chance: float
    excess: Estimate
    by_class: dict[str, ErrorCounts]


class AmbiguousLabelsEvidence(msgspec.Struct, frozen=True):
    """Validation images that hold several target classes, in all and by class; the threshold; each network.

    The network with the highest accuracy comes first.
    """

    photos: int
    by_class: dict[str, int]
    threshold: float
    networks: dict[str, Explained]


@findings.register("ambiguous-labels")
def ambiguous_labels(results: Results) -> Finding:
    """Which fraction of the errors predicts a class that is annotated in the photo, too, and more often than chance."""
    classes = results.comparison.classes
    comparable = results.comparison.comparable
    images = results.images[comparable[0].name] if comparable else None
    evidence, measured = None, {}
    if images is None or images.present is None:
        state: State = "not applicable"
        verdict = "Not known: nothing says which other target classes the photos hold."
    elif results.comparison.scoring == "exact match":
        state = "not applicable"
        verdict = "The networks were trained and scored on all classes of a photo: none is left out."
    else:
        several = images.present.sum(axis=1) > 1
        measured = {
            network.name: own
            for network in sorted(comparable, key=lambda own: -(own.val_accuracy.mean or 0.0))
            if (own := _measure(results.outputs(network.name), results.images[network.name], classes))
        }
        state, verdict = _judge(int(several.sum()), len(several), measured)
        counts = {name: int(several[images.labels == label].sum()) for label, name in enumerate(classes)}
        evidence = AmbiguousLabelsEvidence(int(several.sum()), counts, THRESHOLD, measured)
    return Finding(
        code="ambiguous-labels",
        title="Ambiguous labels",
        question="Do wrong predictions name another object in the photo?",
        state=state,
        verdict=verdict,
        limits="Annotations can miss objects. Chance is what the classes' being annotated together explains.",
        evidence=builtins_of(evidence) if evidence else {},
        weight=70,
        answer=_answer(state, measured),
    )


MARKS: dict[State, Mark] = {"found": "yes", "not found": "no", "undecided": "undecided"}


def _answer(state: State, measured: dict[str, Explained]) -> ShortAnswer | None:
    if state not in MARKS:
        return None
    fractions = [own.fraction.mean or 0.0 for own in measured.values()]
    chances = [own.by_chance for own in measured.values()]
    text = f"{_span(fractions)} of the errors do; by chance {_span(chances)} would."
    if state == "found":
        text += f" {_by_class(*next(iter(measured.items())))}"
    return ShortAnswer(MARKS[state], text)


def _judge(several: int, images: int, measured: dict[str, Explained]) -> tuple[State, str]:
    if not several:
        return "not applicable", "No validation photo holds several target classes: every label is unambiguous."
    if not measured:
        return "not applicable", "There are no errors to explain."
    fractions = [own.fraction.mean or 0.0 for own in measured.values()]
    chances = [own.by_chance for own in measured.values()]
    head = (
        f"{several:,} of {images:,} validation photos hold several target classes; {_span(fractions)} of a network's "
    )
    head += f"errors predict a class that is in the photo, where chance gives {_span(chances)}"
    bounds = [own.excess.interval for own in measured.values()]
    if any(own and own.low > THRESHOLD for own in bounds):
        return (
            "found",
            f"{head}: they name another object, and are no confusions. {_by_class(*next(iter(measured.items())))}",
        )
    if all(own and own.high < THRESHOLD for own in bounds):
        return "not found", f"{head}: ambiguous labels explain few of the errors."
    return "undecided", f"{head}: undecided whether they name another object."


def _by_class(network: str, own: Explained) -> str:
    """Which class has most of these errors: a count, not a test."""
    explained = {name: errors.explained for name, errors in own.by_class.items()}
    most = max(explained, key=explained.__getitem__)
    return (
        f"In {network}, the class with most of them is {most}: {explained[most]:.0f} of "
        f"{sum(explained.values()):.0f} per seed."
    )


def _span(values: list[float]) -> str:
    low, high = 100 * min(values), 100 * max(values)
    return f"{low:.1f} %" if high - low < 0.05 else f"{low:.1f} to {high:.1f} %"


def _measure(outputs: list[Outputs], images: LabelledImages, classes: tuple[str, ...]) -> Explained | None:
    """None where a network makes no error, or what the images hold is not known."""
    if not outputs or images.present is None or all(own.correct.all() for own in outputs):
        return None
    predicted, labels = np.array([own.predicted for own in outputs]), images.labels
    wrong = (predicted != labels).astype(np.float64)
    present = wrong * np.array([images.present[np.arange(len(labels)), row] for row in predicted])
    together = np.array(
        [
            images.present[labels == label].mean(axis=0) if (labels == label).any() else np.zeros(len(classes))
            for label in range(len(classes))
        ]
    )
    expected = wrong * together[labels[None, :], predicted]
    return Explained(
        fraction=estimate(ratio(present, wrong), images.clusters),
        by_chance=float(expected.sum() / wrong.sum()),
        excess=estimate(ratio(present - expected, wrong), images.clusters, fraction=False),
        by_class={
            name: ErrorCounts(
                float(wrong[:, labels == label].sum() / len(outputs)),
                float(present[:, labels == label].sum() / len(outputs)),
            )
            for label, name in enumerate(classes)
        },
    )
