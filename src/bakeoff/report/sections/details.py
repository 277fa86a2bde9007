"""Each network by itself: layers, confusion matrix, classification report."""

import math

import numpy as np

from bakeoff.config.tables import network_label
from bakeoff.core.registry import sections
from bakeoff.evaluation.scores import RunScores, VariantScores
from bakeoff.models.sizes import sides, work_out
from bakeoff.report import charts
from bakeoff.report.contents import Figure, ReportInput, Section, Table
from bakeoff.report.formatting import decimal, photos, pixels, shape, slugs

LAYER_COLUMNS = ("layer", "kind", "settings", "output", "values", "parameters", "MACs", "receptive field")
SIZE_COLUMNS = ("layer", "kind", "input", "size worked out", "output", "parameters worked out")
REPORT_COLUMNS = ("class", "precision", "recall", "F1", "support")


@sections.register("40-details")
def details(case: ReportInput) -> Section:
    """For each network its layers, their sizes worked out, confusion matrix and classification report."""
    networks = case.comparison.networks
    safe = slugs(network_label(network.name) for network in networks)
    inputs = {run.spec.variant: run.spec.recipe.input_size or run.spec.size for run in case.runs}
    parts = [
        {**_details(network, name, case.comparison.classes), "sizes": _sizes(network, name, inputs.get(network.name))}
        for network, name in zip(networks, safe, strict=True)
    ]
    matrices = [part["name"] for part in parts if "confusion" in part]
    best = max(networks, key=lambda network: network.val_accuracy.mean or 0.0)
    return Section("Network by network", "details.html", {"networks": parts, "matrices": matrices, "shown": best.name})


def _details(network: VariantScores, safe: str, classes: tuple[str, ...]) -> dict[str, object]:
    scored = [run for run in network.trained if run.confusion]
    values: dict[str, object] = {
        "name": network.name,
        "anchor": f"network-{safe}",
        "finished": len(network.trained),
        "layers": _layers(network, safe),
        "seeds": [run.seed for run in scored],
    }
    if scored:
        counts, per_seed = _mean([run.confusion for run in scored]), _per_seed(scored)
        caption = f"Confusion matrix of {network.name}: rows true, columns predicted; photos{per_seed}."
        known = all(run.annotated_too for run in scored)
        present = _mean([run.annotated_too for run in scored]) if known else None
        values["confusion"] = _confusion_rows(counts, present)
        values["per_seed"] = per_seed
        values["errors"] = (
            _errors(f"{network.name} by kind{per_seed}", safe, classes, counts, present) if present else None
        )
        values["figure"] = Figure(f"confusion-{safe}", caption, charts.confusion(counts, classes))
        values["counts"] = Table(
            f"confusion-{safe}",
            caption,
            ("true \\ predicted", *classes),
            [(name, *row) for name, row in zip(classes, counts, strict=True)],
            dict.fromkeys(classes, photos),
        )
        values["reports"] = [_report(network, run, safe) for run in scored]
    return values


def _mean(tables: list[tuple[tuple[int, ...], ...]]) -> list[list[float]]:
    """Over the seeds; of one the counts themselves."""
    mean: list[list[float]] = (np.mean(tables, axis=0) if len(tables) > 1 else np.array(tables[0])).tolist()
    return mean


def _per_seed(runs: list[RunScores]) -> str:
    return f", the mean of {len(runs)} seeds" if len(runs) > 1 else ""


def _layers(network: VariantScores, safe: str) -> Table | None:
    if not network.architecture:
        return None
    rows = [
        (
            layer.name,
            layer.kind,
            layer.settings,
            shape(layer.output),
            math.prod(layer.output),
            "shared" if layer.shared else layer.parameters,
            layer.macs,
            layer.receptive_field,
        )
        for layer in network.architecture.layers
    ]
    return Table(
        f"layers-{safe}",
        f"Layers of {network.name}. Output: channels × height × width, or features; values: how many that makes, which "
        "is what a linear layer after it takes. Shared: an earlier row's weights.",
        LAYER_COLUMNS,
        rows,
        {"receptive field": pixels},
    )


def _sizes(network: VariantScores, safe: str, size: int | None) -> Table | None:
    rows = work_out(network.architecture, size) if network.architecture and size else []
    if not rows:
        return None
    chain = sides(rows)
    return Table(
        f"sizes-{safe}",
        f"Sizes of {network.name} worked out{f': height {chain}' if chain else ''}. A window of k with padding p and "
        "stride s makes n into ⌊(n + 2p − k) / s⌋ + 1; weights are inputs × outputs, one bias per output.",
        SIZE_COLUMNS,
        [(row.name, row.kind, shape(row.before), row.side, shape(row.after), row.parameters or "none") for row in rows],
    )


def _confusion_rows(counts: list[list[float]], present: list[list[float]] | None) -> list[list[dict[str, object]]]:
    """Per cell the count, its fraction of the row, and the photos that also show the predicted class."""
    return [
        [
            {"count": photos(count), "fraction": count / (sum(row) or 1), "too": photos(too)}
            for count, too in zip(row, shown, strict=True)
        ]
        for row, shown in zip(counts, present or [[0.0] * len(row) for row in counts], strict=True)
    ]


def _errors(
    what: str, safe: str, classes: tuple[str, ...], counts: list[list[float]], present: list[list[float]]
) -> Table:
    """By true class, how many errors predict a class that is annotated in the photo, and how many do not."""
    rows = []
    for label, klass in enumerate(classes):
        errors, shown = (sum(table[label]) - table[label][label] for table in (counts, present))
        rows.append((klass, errors, shown, errors - shown))
    columns = ("class", "errors", "predicted class is in the photo too", "it is not")
    return Table(f"errors-{safe}", f"Errors of {what}.", columns, rows, dict.fromkeys(columns[1:], photos))


def _report(network: VariantScores, run: RunScores, safe: str) -> Table:
    return Table(
        f"report-{safe}-seed{run.seed}",
        f"Classification report of {network.name}, seed {run.seed}, on the validation photos.",
        REPORT_COLUMNS,
        [(line.name, line.precision, line.recall, line.f1, line.support) for line in run.report],
        dict.fromkeys(("precision", "recall", "F1"), decimal),
    )
