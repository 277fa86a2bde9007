"""Accuracy against latency: what a network's accuracy costs."""

from bakeoff.core.registry import sections
from bakeoff.evaluation.frontier import decided, frontier, positions
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table
from bakeoff.report.formatting import estimate, spread
from bakeoff.report.latency_chart import accuracy_latency

CHART = (
    "Validation accuracy with its 95 % interval by latency for one photo with its quartiles. The line joins those "
    "that are on the frontier by the estimates: no other is at least as accurate in at most the time. Open: seeds, "
    "photos and the spread of latency leave open whether it is on it."
)


@sections.register("21-latency")
def latency(case: ReportInput) -> Section | None:
    """The chart with the frontier, and what was measured; nothing where latency was not."""
    if not case.latencies or not (places := positions(case.comparison, case.latencies)):
        return None
    found = frontier(places, decided(case.comparison.pairs))
    accuracies = {network.name: network.val_accuracy for network in case.comparison.networks}
    limit = case.experiment.evaluation.max_latency_ms
    caption = CHART + (f" Dashed: the budget of {limit:g} ms." if limit else "")
    formats: dict[str, Format] = {"one photo": spread, "batch": spread, "validation": estimate}
    rows = [
        (place.name, place.latency.estimate, own.batch.estimate, accuracies[place.name], found.standing(place.name))
        for place in places
        if (own := case.latencies.of(place.name))
    ]
    values = {
        "verdict": next((own.verdict for own in case.findings if own.code == "accuracy-latency"), ""),
        "figure": Figure("latency", caption, accuracy_latency(case.runs, places, accuracies, found, limit), live=True),
        "table": Table("latency", _measured(case), ("network", *formats, "frontier"), rows, formats),
    }
    return Section("Accuracy against latency", "latency.html", values)


def _measured(case: ReportInput) -> str:
    """What was measured, on what."""
    own = case.latencies
    assert own
    where = ", ".join(part for part in (own.processor, own.environment.platform) if part)
    threads = "one thread" if own.threads == 1 else f"{own.threads} threads"
    return (
        f"Milliseconds from decoded pixels to logits, for one photo and for a batch of {own.batch_size}: the median of "
        f"{own.rounds} repetitions, networks in turn, with quartiles. {own.library}, {threads}, {where}."
        + (f" Not by ONNX Runtime: {own.reason}" if own.reason else "")
        + " Variants that differ in their training alone are measured once."
    )
