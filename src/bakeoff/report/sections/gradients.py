"""How the gradient fares on its way through the networks."""

import polars as pl

from bakeoff.core.registry import sections
from bakeoff.report import charts, curves
from bakeoff.report.contents import Figure, ReportInput, Section, Table
from bakeoff.report.formatting import scientific
from bakeoff.training.run import EpochLog, Run

CAPTION = "L2 norm of the loss's gradient by the weight of each layer, over a fixed batch of training photos, for the "
CAPTION += "first seed of each network"


@sections.register("30-gradients")
def gradients(case: ReportInput) -> Section | None:
    """The gradient's norm in each layer of each network, before and after training and over the epochs."""
    if not case.runs:
        return None
    runs = _first_runs(case)
    points = curves.gradient_points(runs)
    drawn = points.filter(pl.col("norm") > 0)  # a logarithmic axis has no 0; the table and a sentence mention it
    figures = []
    if drawn.height:
        figures.append(Figure("gradients", f"{CAPTION}.", charts.gradient_norms(runs, drawn), live=True))
    if (drawn["epoch"] > 0).any():
        caption = f"{CAPTION}, after each epoch (0: before training). One line per layer."
        figures.append(Figure("gradients-by-epoch", caption, charts.gradient_history(runs, drawn), live=True))
    values = {"figures": figures, "zeros": _zeros(points), "table": _table(points)}
    return Section("Gradients by layer", "gradients.html", values)


def _first_runs(case: ReportInput) -> list[Run]:
    """Of each network the first run that measured anything."""
    first: dict[str, Run] = {}
    for run in case.runs:
        if any(isinstance(line, EpochLog) for line in run.log):
            first.setdefault(run.spec.variant, run)
    return list(first.values())


def _table(points: pl.DataFrame) -> Table:
    by_layer = points.group_by("network", "seed", "layer", "name", maintain_order=True)
    rows = by_layer.agg(pl.first("norm").alias("first"), pl.last("norm").alias("last")).rows()
    moments = ("at initialisation", "after the last epoch")
    columns = ("network", "seed", "layer", "name", *moments)
    return Table("gradients", f"{CAPTION}.", columns, rows, dict.fromkeys(moments, scientific))


def _zeros(points: pl.DataFrame) -> list[str]:
    """Which layers got no gradient at all, by network and moment."""
    last = pl.col("epoch") == pl.col("epoch").max().over("network")
    silent = points.filter((pl.col("norm") == 0) & ((pl.col("epoch") == 0) | last))
    by_moment = silent.group_by("network", "epoch", maintain_order=True).agg(pl.col("name"))
    return [
        f"{network}: no gradient at all (exactly 0) {f'after epoch {epoch}' if epoch else 'at initialisation'} in "
        f"{', '.join(names)}."
        for network, epoch, names in by_moment.iter_rows()
    ]
