"""Class by class: precision, recall and F1 of the networks side by side."""

from collections.abc import Sequence

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.intervals import over_seeds, wilson
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report.contents import ReportInput, Section, Table
from bakeoff.report.estimates import finished
from bakeoff.report.formatting import drawn

SCORES = ("precision", "recall", "f1")


@sections.register("42-classes")
def classes(case: ReportInput) -> Section:
    """A table a score: classes by networks, with intervals."""
    networks = [network for network in case.comparison.networks if any(run.report for run in finished(network))]
    return Section("Class by class", "classes.html", {"tables": [_table(case, networks, score) for score in SCORES]})


def _table(case: ReportInput, networks: Sequence[VariantScores], score: str) -> Table:
    names = [network.name for network in networks]
    rows = [
        (name, *(_estimate(network, label, score) for network in networks))
        for label, name in enumerate(case.comparison.classes)
    ]
    title = "F1" if score == "f1" else score.capitalize()
    over = "over seeds (t); with one seed over photos (Wilson), which F1 has not"
    caption = f"{title} of each class on the validation photos. In brackets the 95 % interval {over}."
    return Table(f"classes-{score}", caption, ("class", *names), rows, dict.fromkeys(names, drawn))


def _estimate(network: VariantScores, label: int, score: str) -> Estimate:
    runs = [run for run in finished(network) if run.report]
    if len(runs) > 1:
        return over_seeds([getattr(run.report[label], score) for run in runs])
    counts, value = runs[0].confusion, float(getattr(runs[0].report[label], score))
    correct = counts[label][label]
    count = {"recall": sum(counts[label]), "precision": sum(row[label] for row in counts)}.get(score, 0)
    return Estimate(value, wilson(correct, count) if count else None)
