"""The charts of losses and accuracies."""

from collections.abc import Sequence

import polars as pl

from bakeoff.report import charts
from bakeoff.report.contents import Figure, ReportInput
from bakeoff.training.run import Run

FAILED = "✗ and broken lines: runs that did not learn. "
CHANCE = {"multiclass": "ln K", "multilabel": "ln 2"}


def failed_runs(case: ReportInput) -> frozenset[str]:
    """The runs that did not learn, by the names that they have in the tables of curves."""
    return frozenset(
        f"{network.name} {run.seed}"
        for network in case.comparison.networks
        for run in network.runs
        if run.outcome == "did not learn"
    )


def curve_figures(
    runs: Sequence[Run], losses: pl.DataFrame, epochs: pl.DataFrame, failed: frozenset[str] = frozenset()
) -> list[Figure]:
    """The charts of losses and accuracies for which there is anything to draw.

    Args:
        runs: Give the order and colours of the networks.
        losses: As `curves.loss_points` gives them.
        epochs: As `curves.epoch_points` gives them.
        failed: Runs that did not learn, by their names in these tables.
    """
    figures = []
    if losses.height:
        tasks = sorted({run.spec.recipe.task for run in runs})
        levels = " and ".join(f"{CHANCE[task]} ({task})" if len(tasks) > 1 else CHANCE[task] for task in tasks)
        caption = f"Training loss of every run over the photos seen. Dashed: the loss at chance level, {levels}. "
        if max(losses["loss"]) > charts.LOSS_LIMIT * max(run.spec.chance_loss for run in runs):
            caption += f"Cut off at {charts.LOSS_LIMIT} times that. "
        if losses["end"].any():
            caption += "A cross: the run ended here without being finished. "
        if failed:
            caption += FAILED
        chart = charts.loss_curves(runs, losses, failed)
        figures.append(Figure("loss", caption.strip(), chart, live=True))
    if any(epochs[column].count() for column in ("training accuracy", "validation accuracy")):
        caption = "Accuracy after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on."
        if any(run.spec.recipe.task == "multilabel" for run in runs):
            caption += " Of networks that learn all classes of a photo: exactly these are predicted."
        figures.append(Figure("accuracy", caption, charts.epoch_curves(runs, epochs, "accuracy", failed), live=True))
    if epochs["validation loss"].count():
        caption = "Loss after each epoch. Solid: validation. Dashed: training, over the epoch as it was trained on."
        figures.append(Figure("loss-epochs", caption, charts.epoch_curves(runs, epochs, "loss", failed), live=True))
    return figures
