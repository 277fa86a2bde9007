"""The charts of the report, each defined once."""

from collections.abc import Iterable, Sequence
from typing import Literal

import altair as alt
import polars as pl

from bakeoff.core.types import Estimate, Interval
from bakeoff.evaluation.improvements import CurvePoint
from bakeoff.evaluation.scores import VariantScores
from bakeoff.report.rendering import INK, Spec, printable
from bakeoff.report.theme import (
    FACET,
    HEIGHT,
    PALETTE,
    WIDTH,
    broken,
    by_network,
    end_labels,
    finish,
    hover,
    labels,
    legend_pick,
    line_mark,
    log_norm,
    names,
    picked,
    zoom,
)
from bakeoff.training.run import Run

RUNS, RANGE = "every run", "mean and range over seeds"
BAND = 0.25

LOSS_LIMIT = 3
"""The axis of losses ends at this multiple of the loss at chance level, so that one bad run does not flatten all."""


def _loss_limit(runs: Sequence[Run]) -> float:
    return LOSS_LIMIT * max(run.spec.chance_loss for run in runs)


def loss_curves(runs: Sequence[Run], points: pl.DataFrame, failed: frozenset[str] = frozenset()) -> Spec:
    """The training loss of all runs; dashed: chance level; a cross where a run ended that did not finish.

    Args:
        runs: Give the order and colours of the networks, and the chance level.
        points: As `curves.loss_points` gives them.
        failed: Runs that did not learn, by their names.
    """
    levels, right = sorted({run.spec.chance_loss for run in runs}), max(points["images"])
    top = min(1.05 * max(*points["loss"], *levels), _loss_limit(runs))
    smoothing = alt.param(name="smoothing", value="0", bind=alt.binding_select(options=["0", "2", "7"], name="Smooth "))
    view = alt.param(name="view", value=RUNS, bind=alt.binding_radio(options=[RUNS, RANGE], name="Show "))
    pick = legend_pick()
    base = (
        alt.Chart(points.with_columns(pl.min_horizontal("loss", top).alias("shown")))
        .transform_window(smooth2="mean(loss)", frame=[-2, 2], groupby=["run"], sort=[alt.SortField("images")])
        .transform_window(smooth7="mean(loss)", frame=[-7, 7], groupby=["run"], sort=[alt.SortField("images")])
        .transform_calculate(value="smoothing == '2' ? datum.smooth2 : smoothing == '7' ? datum.smooth7 : datum.loss")
        .encode(
            x=alt.X(
                "images:Q",
                title="training images seen",
                scale=alt.Scale(domain=[0, right], nice=False),
                axis=alt.Axis(tickCount=6),
            ),
            color=by_network(runs),
            opacity=picked(pick),
        )
    )
    loss = alt.Y("value:Q", title="training loss (nats)", scale=alt.Scale(domain=[0, top], nice=False))
    every = base.transform_filter(f"view == '{RUNS}'").encode(detail="run:N", strokeDash=broken(runs, failed))
    lines = line_mark(every, points).encode(y=loss)
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("images:Q", format=","),
        alt.Tooltip("value:Q", format=".3f", title="loss"),
    ]
    mean = base.transform_filter(f"view == '{RANGE}'")
    band = mean.mark_area(clip=True).encode(y=alt.Y("min(value):Q"), y2="max(value):Q", opacity=picked(pick, BAND))
    middle = mean.mark_line(strokeWidth=2, clip=True).encode(y="mean(value):Q")
    crosses = base.mark_point(shape="cross", size=90, filled=True).encode(y="shown:Q")
    chance = alt.Chart(pl.DataFrame({"loss": levels})).mark_rule(strokeDash=[4, 4], color=INK).encode(y="loss:Q")
    ends = end_labels(runs, points.rename({"images": "x", "loss": "y"}), failed, right=right, top=top)
    layers = alt.layer(
        lines, band, middle, crosses.transform_filter("datum.end"), chance, ends, hover(every, tooltip, y=loss)
    )
    return finish(layers.add_params(smoothing, view, pick, zoom()))


def epoch_curves(
    runs: Sequence[Run],
    points: pl.DataFrame,
    measure: Literal["accuracy", "loss"],
    failed: frozenset[str] = frozenset(),
) -> Spec:
    """Training (as trained on, dashed) and validation accuracy or loss of all runs after each epoch.

    Args:
        runs: Give the order and colours of the networks.
        points: As `curves.epoch_points` gives them.
        measure: What is drawn.
        failed: Runs that did not learn, by their names.
    """
    table = points.unpivot(
        on=[f"training {measure}", f"validation {measure}"],
        index=["network", "run", "epoch"],
        variable_name="split",
        value_name="value",
    ).with_columns(pl.col("split").str.strip_suffix(f" {measure}"))
    table = table.drop_nulls("value")
    top = 1.05 * min(max(table["value"]), 1.0 if measure == "accuracy" else _loss_limit(runs))
    table = table.with_columns(pl.min_horizontal("value", top))
    shown = alt.Tooltip("value:Q", format=".1%" if measure == "accuracy" else ".3f", title=measure)
    dashes = alt.Scale(domain=["validation", "training"], range=[[1, 0], [4, 3]])
    pick = legend_pick()
    tooltip = [*map(alt.Tooltip, ("run:N", "split:N", "epoch:Q")), shown]
    last = max(table["epoch"])
    base = alt.Chart(table).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, last], nice=False), axis=alt.Axis(tickMinStep=1)),
        y=alt.Y(
            "value:Q",
            title="accuracy" if measure == "accuracy" else "loss (nats)",
            axis=alt.Axis(format=".0%") if measure == "accuracy" else alt.Axis(),
            scale=alt.Scale(domain=[0, top], nice=False),
        ),
        color=by_network(runs),
        strokeDash=alt.StrokeDash("split:N", title=None, scale=dashes, legend=alt.Legend(orient="top")),
        detail="run:N",
        opacity=picked(pick),
    )
    ends = table.filter(pl.col("split") == "validation").rename({"epoch": "x", "value": "y"})
    ends_named = end_labels(runs, ends, failed, right=last, top=top)
    return finish(alt.layer(line_mark(base, points), ends_named, hover(base, tooltip)).add_params(pick, zoom()))


def gradient_norms(runs: Sequence[Run], points: pl.DataFrame) -> Spec:
    """The gradient's norm by the weight of each layer, before and after training.

    Args:
        runs: One per network.
        points: As `curves.gradient_points` gives them.
    """
    last = pl.col("epoch") == pl.col("epoch").max().over("run")
    moment = pl.when(pl.col("epoch") == 0).then(pl.lit("at initialisation")).otherwise(pl.lit("after the last epoch"))
    table = points.filter((pl.col("epoch") == 0) | last).with_columns(moment.alias("moment"))
    chart = (
        alt.Chart(table)
        .mark_line(point=True, strokeWidth=1.5)
        .encode(
            x=alt.X("layer:Q", title="layer with weights, from the input", axis=alt.Axis(tickMinStep=1)),
            y=log_norm(table),
            color=by_network(runs),
            tooltip=["network:N", "name:N", alt.Tooltip("norm:Q", format=".1e")],
        )
        .facet(column=alt.Column("moment:N", title=None, sort=["at initialisation", "after the last epoch"]))
    )
    return finish(chart, width=FACET)


def gradient_history(runs: Sequence[Run], points: pl.DataFrame) -> Spec:
    """The gradient's norm by the weight of each layer after each epoch, a panel a network.

    Args:
        runs: One per network.
        points: As `curves.gradient_points` gives them.
    """
    layers = alt.Scale(scheme=alt.SchemeParams("viridis", extent=[0.3, 0.78]))
    base = alt.Chart().encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1, tickCount=6)),
        y=log_norm(points),
        color=alt.Color("layer:Q", title="layer, from the input", scale=layers, legend=alt.Legend(tickMinStep=1)),
        detail="layer:N",
    )
    tooltip = ["network:N", "name:N", "epoch:Q", alt.Tooltip("norm:Q", format=".1e")]
    panel = alt.layer(base.mark_line(strokeWidth=1.5), hover(base, tooltip), data=points)
    chart = panel.facet(facet=alt.Facet("network:N", title=None, sort=names(runs)), columns=2)
    return finish(chart, width=FACET, height=150)


def confusion(counts: Sequence[Sequence[float]], classes: Sequence[str]) -> Spec:
    """A confusion matrix: rows are true classes; colour is the fraction of the row; what never occurs stays blank."""
    rows = [
        (classes[truth], classes[guess], count, count / (sum(row) or 1))
        for truth, row in enumerate(counts)
        for guess, count in enumerate(row)
    ]
    columns = {"true": pl.String, "predicted": pl.String, "count": pl.Float64, "fraction": pl.Float64}
    table = pl.DataFrame(rows, schema=columns, orient="row", strict=False)
    whole = (table["count"] == table["count"].round()).all()
    ordered = printable(list(classes))
    base = alt.Chart(table).encode(
        x=alt.X("predicted:N", sort=ordered, title="predicted class", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("true:N", sort=ordered, title="true class"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("fraction:Q", title="fraction of row", scale=alt.Scale(scheme="blues", domain=[0, 1]))
    )
    text = (
        base.transform_filter("datum.count > 0")
        .mark_text()
        .encode(
            text=alt.Text("count:Q", format="," if whole else ",.1f"),
            color=alt.when("datum.fraction > 0.5").then(alt.value("#fff")).otherwise(alt.value("#111")),
        )
    )
    side = max(240, 46 * len(classes))
    return finish(alt.layer(cells, text), width=side, height=side)


def reliability(networks: Sequence[VariantScores]) -> Spec:
    """Accuracy by confidence, one line per network, with intervals; dashed: perfect calibration."""
    rows = [
        (network.name, 100 * own.confidence, *(100 * value for value in _bounds(own.accuracy)))
        for network in networks
        for own in (network.calibration.bins if network.calibration else ())
    ]
    table = pl.DataFrame(rows, schema=["network", "confidence", "accuracy", "low", "high"], orient="row")
    names = list(dict.fromkeys(table["network"]))
    axes = {axis: alt.Scale(domain=[0, 100]) for axis in ("x", "y")}
    color = alt.Color("network:N", sort=names, scale=alt.Scale(domain=names, range=PALETTE[: len(names)]))
    base = alt.Chart(table).encode(
        x=alt.X("confidence:Q", title="probability of the predicted class (%)", scale=axes["x"]), color=color
    )
    line = base.mark_line(point=True).encode(y=alt.Y("accuracy:Q", title="accuracy (%)", scale=axes["y"]))
    span = base.mark_rule(opacity=0.5).encode(y="low:Q", y2="high:Q")
    ends = pl.DataFrame({"confidence": [0, 100], "accuracy": [0, 100]})
    perfect = alt.Chart(ends).mark_line(strokeDash=[4, 4], color=INK).encode(x="confidence:Q", y="accuracy:Q")
    return finish(alt.layer(perfect, span, line), width=HEIGHT, height=HEIGHT)


def _bounds(value: Estimate) -> tuple[float, float, float]:
    """Mean, low and high."""
    mean = value.mean or 0.0
    return (mean, value.interval.low, value.interval.high) if value.interval else (mean, mean, mean)


def learning_curve(curve: Sequence[CurvePoint]) -> Spec:
    """Validation accuracy by training images with intervals; hollow: extrapolated."""
    rows = []
    for point in curve:
        held = point.interval or Interval(point.accuracy, point.accuracy)
        kind = "extrapolated" if point.extrapolated else "measured"
        rows.append((point.images, 100 * point.accuracy, 100 * held.low, 100 * held.high, kind))
    table = pl.DataFrame(rows, schema=["images", "accuracy", "low", "high", "kind"], orient="row")
    axis = alt.Axis(values=table["images"].to_list(), format=",")
    base = alt.Chart(table).encode(
        x=alt.X("images:Q", title="training images", scale=alt.Scale(type="log", nice=False, padding=30), axis=axis)
    )
    title = alt.Y("low:Q", title="validation accuracy (%)", scale=alt.Scale(zero=False))
    span = base.mark_rule(color=PALETTE[0]).encode(y=title, y2="high:Q")
    line = base.mark_line(color=PALETTE[0], strokeDash=[4, 4], strokeWidth=1).encode(y="accuracy:Q")
    hollow = alt.when("datum.kind == 'measured'").then(alt.value(PALETTE[0])).otherwise(alt.value("white"))
    dots = base.mark_point(color=PALETTE[0], size=70, opacity=1).encode(y="accuracy:Q", fill=hollow)
    return finish(alt.layer(span, line, dots))


def bars(values: Iterable[tuple[str, int]]) -> Spec:
    """Horizontal bars with their counts, largest first."""
    table = pl.DataFrame(list(values), schema=["what", "count"], orient="row")
    base = alt.Chart(table).encode(
        y=alt.Y("what:N", sort="-x", title=None, axis=labels(table["what"])),
        x=alt.X("count:Q", axis=None),
    )
    text = base.mark_text(align="left", dx=4, color=INK).encode(text=alt.Text("count:Q", format=","))
    return finish(alt.layer(base.mark_bar(color=PALETTE[0]), text), width=WIDTH - 140, height=28 * max(table.height, 1))
