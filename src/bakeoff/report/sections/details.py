"""Each network by itself: layers, confusion matrix, classification report."""

from typing import Any

import numpy as np

from bakeoff.records import NetworkScores, RunScores
from bakeoff.registry import sections
from bakeoff.report import charts
from bakeoff.report.contents import Case, Figure, Section, Table
from bakeoff.report.wording import decimal, pixels, shape, slug

LAYER_COLUMNS = ("layer", "kind", "settings", "output", "parameters", "MACs", "receptive field")
REPORT_COLUMNS = ("class", "precision", "recall", "F1", "support")


@sections.register("40-details")
def details(case: Case) -> Section:
    """For each network its layers, confusion matrix and classification report."""
    return Section(
        "Network by network", "details.html", {"networks": [_details(n, case) for n in case.comparison.networks]}
    )


def _details(network: NetworkScores, case: Case) -> dict[str, Any]:
    scored = [run for run in network.runs if run.confusion]
    values: dict[str, Any] = {"name": network.name, "layers": _layers(network), "seeds": [run.seed for run in scored]}
    if scored:
        counts = np.sum([run.confusion for run in scored], axis=0).tolist()
        classes = case.comparison.classes
        caption = f"Confusion matrix of {network.name}: rows true, columns predicted."
        values["confusion"] = _confusion_rows(counts)
        values["figure"] = Figure(f"confusion-{slug(network.name)}", caption, charts.confusion(counts, classes))
        values["counts"] = Table(
            f"confusion-{slug(network.name)}",
            caption,
            ("true", *classes),
            [(name, *row) for name, row in zip(classes, counts, strict=True)],
        )
        values["reports"] = [_report(network, run) for run in scored]
    return values


def _layers(network: NetworkScores) -> Table | None:
    if not network.architecture:
        return None
    rows = [
        (
            layer.name,
            layer.kind,
            layer.settings,
            shape(layer.output),
            "shared" if layer.shared else layer.parameters,
            layer.macs,
            layer.receptive_field,
        )
        for layer in network.architecture.layers
    ]
    return Table(
        f"layers-{slug(network.name)}",
        f"Layers of {network.name}. Output: channels × height × width, or features. Shared: an earlier row's weights.",
        LAYER_COLUMNS,
        rows,
        {"receptive field": pixels},
    )


def _confusion_rows(counts: list[list[int]]) -> list[list[dict[str, Any]]]:
    """Count and share of its row for each cell."""
    return [[{"count": count, "share": count / (sum(row) or 1)} for count in row] for row in counts]


def _report(network: NetworkScores, run: RunScores) -> Table:
    return Table(
        f"report-{slug(network.name)}-seed{run.seed}",
        f"Classification report of {network.name}, seed {run.seed}, on the validation photos.",
        REPORT_COLUMNS,
        [(line.name, line.precision, line.recall, line.f1, line.support) for line in run.report],
        dict.fromkeys(("precision", "recall", "F1"), decimal),
    )
