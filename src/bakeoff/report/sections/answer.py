"""What was asked, and the short answer."""

import math

from bakeoff.records import NetworkScores
from bakeoff.registry import sections
from bakeoff.report.contents import Case, Section
from bakeoff.report.wording import percent

Z = 1.96


@sections.register("10-answer")
def answer(case: Case) -> Section:
    """The question and the short answer in a few sentences."""
    lines = [_best(case), *_failures(case)]
    return Section("Short answer", "answer.html", {"lines": lines, "question": case.experiment.question})


def noise(first: float, second: float, images: int) -> float:
    """How far two accuracies on so many images can lie apart by the drawing of the images alone.

    The half width of the 95 % interval of a difference of two independent shares; the networks see the same images, so
    that the true one is smaller.
    """
    return Z * math.sqrt((first * (1 - first) + second * (1 - second)) / images)


def _best(case: Case) -> str:
    ranked = sorted(
        (n for n in case.comparison.networks if n.val_accuracy.mean is not None), key=_accuracy, reverse=True
    )
    if not ranked:
        return "No run finished, so that there is nothing to compare; the reasons stand below."
    best, images = ranked[0], case.comparison.counts["val"]
    runs = sum(run.status == "finished" for run in best.runs)
    text = f"{best.name} has the highest validation accuracy: {percent(_accuracy(best))} of {images:,} photos"
    text += f", the mean of {runs} seeds." if runs > 1 else " with one seed."
    if len(ranked) == 1:
        return text
    second = ranked[1]
    gap, margin = _accuracy(best) - _accuracy(second), noise(_accuracy(best), _accuracy(second), images)
    text += f" It leads {second.name} by {100 * gap:.1f} points; "
    text += f"up to {100 * margin:.1f} can come from the choice of photos"
    text += ", and one seed a network says nothing of what another seed would give." if runs == 1 else "."
    return text + (" The lead is not established." if gap < margin or runs == 1 else "")


def _accuracy(network: NetworkScores) -> float:
    return network.val_accuracy.mean or 0.0


def _failures(case: Case) -> list[str]:
    return [
        f"{network.name}, seed {run.seed}, {run.status}: {run.reason}."
        for network in case.comparison.networks
        for run in network.runs
        if run.status != "finished"
    ]
