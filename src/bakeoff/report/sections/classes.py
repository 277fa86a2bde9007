"""Class by class: precision, recall and F1 of the networks side by side."""

from collections.abc import Sequence

from bakeoff.core.registry import sections
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report.contents import ReportInput, Section, Table
from bakeoff.report.formatting import drawn

SCORES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "average_precision": "Average precision"}


@sections.register("42-classes")
def classes(case: ReportInput) -> Section:
    """One table per score: classes by networks, with intervals."""
    networks = [network for network in case.comparison.networks if network.classes]
    scores = [score for score in SCORES if any(getattr(own, score).mean for one in networks for own in one.classes)]
    return Section(
        "Class by class", "classes.html", {"tables": {SCORES[score]: _table(case, networks, score) for score in scores}}
    )


def _table(case: ReportInput, networks: Sequence[VariantScores], score: str) -> Table:
    names = [network.name for network in networks]
    rows = [
        (name, *(getattr(network.classes[label], score) for network in networks))
        for label, name in enumerate(case.comparison.classes)
    ]
    caption = f"{SCORES[score]} of each class on the validation photos, the mean over the seeds that trained. "
    caption += "In brackets the 95 % interval over seeds and photos; with one seed over photos."
    return Table(f"classes-{score.replace('_', '-')}", caption, ("class", *names), rows, dict.fromkeys(names, drawn))
