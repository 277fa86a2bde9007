"""The table of networks and runs, and the curves."""

import math
from collections.abc import Collection, Mapping, Sequence

import polars as pl
from msgspec.structs import asdict

from bakeoff.core.registry import sections
from bakeoff.core.types import TEST
from bakeoff.report import charts, curves
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table
from bakeoff.report.estimates import Kind, finished, of_network, of_run
from bakeoff.report.formatting import drawn, millions, percent, pixels, seconds, status
from bakeoff.training.run import Run

ACCURACIES: dict[str, Format] = {"training": percent, "validation": drawn, "any label": drawn}


@sections.register("20-networks")
def networks(case: ReportInput) -> Section:
    """Parameters and accuracies of the networks, and their losses in one chart."""
    losses, epochs = curves.loss_points(case.runs), curves.epoch_points(case.runs)
    return Section(
        "The networks compared",
        "networks.html",
        {
            "networks": _networks(case),
            "runs": _runs(case),
            "curves": figures(case.runs, losses, epochs, {len(case.comparison.classes)}),
            "points": [
                Table(name, caption, table.drop("run").columns, table.drop("run").rows())
                for name, caption, table in (
                    ("loss", "Points of the loss curves.", losses),
                    ("epochs", "Loss and accuracy after each epoch.", epochs),
                )
            ],
        },
    )


def figures(
    runs: Sequence[Run], losses: pl.DataFrame, epochs: pl.DataFrame, class_counts: Collection[int]
) -> list[Figure]:
    """The charts of losses and accuracies for which there is anything to draw.

    Args:
        runs: Give the order and colours of the networks.
        losses: As `curves.loss_points` gives them.
        epochs: As `curves.epoch_points` gives them.
        class_counts: The numbers of classes of the runs.
    """
    figures = []
    if losses.height:
        caption = "Training loss of every run over the photos seen. Dashed: the loss at chance level, ln K. "
        if max(losses["loss"]) > charts.LOSS_LIMIT * math.log(max(class_counts)):
            caption += f"Cut off at {charts.LOSS_LIMIT} times that. "
        if losses["end"].any():
            caption += "A cross: the run ended here without being finished. "
        chart = charts.loss_curves(runs, losses, class_counts)
        figures.append(Figure("loss", caption.strip(), chart, live=True))
    if any(epochs[column].count() for column in ("training accuracy", "validation accuracy")):
        caption = "Accuracy after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on."
        figures.append(Figure("accuracy", caption, charts.accuracy_curves(runs, epochs), live=True))
    return figures


def _networks(case: ReportInput) -> Table:
    rows, (measured, formats) = [], _accuracies(case)
    for network in case.comparison.networks:
        own = network.architecture
        sizes = (own.parameters, own.macs, own.receptive_field) if own else (None, None, None)
        done = f"{len(finished(network))} of {len(network.runs)}"
        accuracies = (network.train_accuracy.mean, *(of_network(network, kind) for kind in measured))
        rows.append((network.name, *sizes, done, *accuracies, network.seconds))
    return Table(
        "networks",
        "Learnable parameters, multiply-accumulate operations for one photo, and mean accuracies over the finished "
        "runs. Any label: the predicted class is annotated in the photo. In brackets the 95 % interval: over seeds (t) "
        "where several runs finished, else over photos (Wilson)." + _differences(case),
        ("network", "parameters", "MACs", "receptive field", "runs", *formats, "time per run"),
        rows,
        {**formats, "MACs": millions, "receptive field": pixels, "time per run": seconds},
    )


def _accuracies(case: ReportInput) -> tuple[tuple[Kind, ...], dict[str, Format]]:
    """The accuracies that have an interval, and the columns of all with what writes them."""
    if TEST in case.dataset.info.counts:
        return ("val", "any_label", "test"), {**ACCURACIES, "test": drawn}
    return ("val", "any_label"), ACCURACIES


def _differences(case: ReportInput) -> str:
    """Which variants have a recipe, or data, of their own, and how these differ."""
    training, data = asdict(case.experiment.training.recipe), asdict(case.experiment.data)
    recipes = {run.spec.variant: _changes(training, asdict(run.spec.recipe)) for run in case.runs}
    others = {variant.name: _changes(data, asdict(variant.data)) for variant in case.experiment.variant_list}
    return _listed("Not with one recipe", recipes) + _listed("Not on one data set", others)


def _changes(shared: Mapping[str, object], own: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in own.items() if value != shared[key])


def _listed(what: str, changes: Mapping[str, str]) -> str:
    parts = [f"{name} ({own})" for name, own in changes.items() if own]
    return f" {what}: {'; '.join(parts)}." if parts else ""


def _runs(case: ReportInput) -> Table:
    measured, formats = _accuracies(case)
    rows = [
        (
            network.name,
            run.seed,
            run.status,
            run.train_accuracy,
            *(of_run(run, kind) for kind in measured),
            run.seconds,
            run.reason,
        )
        for network in case.comparison.networks
        for run in network.runs
    ]
    return Table(
        "runs",
        "Every run. In brackets the 95 % Wilson interval: what other photos of the same kind could give this trained "
        "network.",
        ("network", "seed", "status", *formats, "seconds", "reason"),
        rows,
        {**formats, "status": status, "seconds": seconds},
    )
