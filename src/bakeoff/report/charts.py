"""The charts of the report, each defined once."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import polars as pl

from bakeoff.records import Run
from bakeoff.report.rendering import INK, LINE, Spec, printable

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a", "#b8a000")
"""Okabe and Ito's colours, safe for colour-blind readers; black and light yellow replaced to show on light and dark."""

WIDTH, HEIGHT = 600, 300
FACET = 255
LABEL_LIMIT, LETTER = 320, 8
"""The longest label of a bar and the room for a letter of it, in pixels: a reader's font can be wider than ours."""

LOSS_LIMIT = 3
"""The axis of losses ends at most at so many times the loss of guessing, so that one bad run does not flatten all."""


def loss_curves(runs: Sequence[Run], points: pl.DataFrame, class_count: int) -> Spec:
    """The training loss of all runs; dashed: guessing, ln K; a cross where a run ended that did not finish.

    Args:
        runs: Give the order and colours of the networks.
        points: As `curves.loss_points` gives them.
        class_count: K.
    """
    guessing = math.log(class_count)
    top = min(1.05 * max(*points["loss"], guessing), LOSS_LIMIT * guessing)
    base = alt.Chart(points.with_columns(pl.min_horizontal("loss", top).alias("shown"))).encode(
        x=alt.X(
            "images:Q",
            title="training images seen",
            scale=alt.Scale(domainMin=0, nice=False),
            axis=alt.Axis(tickCount=6),
        ),
        color=_by_network(runs),
        detail="run:N",
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    lines = _line(base, points).encode(y=alt.Y("loss:Q", title="training loss (nats)", scale=scale))
    crosses = base.mark_point(shape="cross", size=90, filled=True, opacity=1).encode(y="shown:Q")
    chance = alt.Chart(pl.DataFrame({"loss": [guessing]})).mark_rule(strokeDash=[4, 4], color=INK).encode(y="loss:Q")
    return _finish(alt.layer(lines, crosses.transform_filter("datum.end"), chance))


def accuracy_curves(runs: Sequence[Run], points: pl.DataFrame) -> Spec:
    """Training (as trained on, dashed) and validation accuracy of all runs after each epoch.

    Args:
        runs: Give the order and colours of the networks.
        points: As `curves.epoch_points` gives them.
    """
    table = points.unpivot(
        on=["training accuracy", "validation accuracy"],
        index=["network", "run", "epoch"],
        variable_name="split",
        value_name="accuracy",
    ).with_columns(pl.col("split").str.strip_suffix(" accuracy"))
    dashes = alt.Scale(domain=["validation", "training"], range=[[1, 0], [4, 3]])
    base = alt.Chart(table.drop_nulls("accuracy")).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("accuracy:Q", title="accuracy", axis=alt.Axis(format=".0%")),
        color=_by_network(runs),
        strokeDash=alt.StrokeDash("split:N", title=None, scale=dashes, legend=alt.Legend(orient="top")),
        detail="run:N",
    )
    return _finish(_line(base, points))


def gradient_norms(runs: Sequence[Run], points: pl.DataFrame) -> Spec:
    """The gradient's norm by the weight of each layer, before and after training.

    Args:
        runs: One a network.
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
            y=_log_norm(table),
            color=_by_network(runs),
        )
        .facet(column=alt.Column("moment:N", title=None, sort=["at initialisation", "after the last epoch"]))
    )
    return _finish(chart, width=FACET)


def gradient_history(runs: Sequence[Run], points: pl.DataFrame) -> Spec:
    """The gradient's norm by the weight of each layer after each epoch, a panel a network.

    Args:
        runs: One a network.
        points: As `curves.gradient_points` gives them.
    """
    layers = alt.Scale(scheme=alt.SchemeParams("viridis", extent=[0.3, 0.78]))
    chart = (
        alt.Chart(points)
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1, tickCount=6)),
            y=_log_norm(points),
            color=alt.Color("layer:Q", title="layer, from the input", scale=layers, legend=alt.Legend(tickMinStep=1)),
            detail="layer:N",
        )
        .facet(facet=alt.Facet("network:N", title=None, sort=_names(runs)), columns=2)
    )
    return _finish(chart, width=FACET, height=190)


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Spec:
    """A confusion matrix: rows are true classes; colour is the share of the row."""
    rows = [
        (classes[truth], classes[guess], count, count / (sum(row) or 1))
        for truth, row in enumerate(counts)
        for guess, count in enumerate(row)
    ]
    table = pl.DataFrame(rows, schema=["true", "predicted", "count", "share"], orient="row")
    names = printable(list(classes))
    base = alt.Chart(table).encode(
        x=alt.X("predicted:N", sort=names, title="predicted class", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("true:N", sort=names, title="true class"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", title="share of row", scale=alt.Scale(scheme="blues", domain=[0, 1]))
    )
    text = base.mark_text().encode(
        text=alt.Text("count:Q", format=","),
        color=alt.when("datum.share > 0.5").then(alt.value("#fff")).otherwise(alt.value("#111")),
    )
    side = max(240, 46 * len(classes))
    return _finish(alt.layer(cells, text), width=side, height=side)


def bars(values: Iterable[tuple[str, int]]) -> Spec:
    """Horizontal bars with their counts, largest first."""
    table = pl.DataFrame(list(values), schema=["what", "count"], orient="row")
    room = min(LABEL_LIMIT, LETTER * max(len(what) for what in table["what"]))
    base = alt.Chart(table).encode(
        y=alt.Y("what:N", sort="-x", title=None, axis=alt.Axis(labelLimit=LABEL_LIMIT, minExtent=room, ticks=False)),
        x=alt.X("count:Q", axis=None),
    )
    text = base.mark_text(align="left", dx=4, color=INK).encode(text=alt.Text("count:Q", format=","))
    return _finish(
        alt.layer(base.mark_bar(color=PALETTE[0]), text), width=WIDTH - 180, height=28 * max(table.height, 1)
    )


def _names(runs: Sequence[Run]) -> list[str]:
    return list(dict.fromkeys(run.spec.network for run in runs))


def _by_network(runs: Sequence[Run]) -> alt.Color:
    names = _names(runs)
    colors = [PALETTE[position % len(PALETTE)] for position in range(len(names))]
    return alt.Color("network:N", title="network", sort=names, scale=alt.Scale(domain=names, range=colors))


def _log_norm(points: pl.DataFrame) -> alt.Y:
    """A logarithmic axis with a line at each power of ten only."""
    low, high = (math.log10(norm) for norm in (min(points["norm"]), max(points["norm"])))
    powers = [10.0**power for power in range(math.floor(low), math.ceil(high) + 1)]
    scale = alt.Scale(type="log", nice=False, padding=8)
    return alt.Y("norm:Q", title="gradient norm", scale=scale, axis=alt.Axis(format=".0e", values=powers))


def _line(base: Any, points: pl.DataFrame) -> Any:
    """Lines, with a point for each value where a run has a single one: no line would show it."""
    single = points["run"].value_counts()["count"].min() == 1
    return base.mark_line(strokeWidth=1.5, opacity=0.85, clip=True, point=single)


def _style(width: int, height: int) -> dict[str, Any]:
    """Size, fonts and colours of all charts."""
    words = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "axis": {**words, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE},
        "legend": {**words, "labelLimit": 400, "orient": "bottom", "columns": 4, "columnPadding": 20},
        "header": {"labelColor": INK, "labelFontSize": 12},
        "text": {"fontSize": 12},
        "view": {
            "stroke": None,
            **dict.fromkeys(("continuousWidth", "discreteWidth"), width),
            **dict.fromkeys(("continuousHeight", "discreteHeight"), height),
        },
        "font": "system-ui, sans-serif",
        "background": "transparent",
        "padding": 8,
    }


def _finish(chart: Any, width: int = WIDTH, height: int = HEIGHT) -> Spec:
    with alt.data_transformers.enable("default", max_rows=None):  # Altair refuses more than 5,000 rows otherwise
        spec: Spec = chart.to_dict()
    return {**printable(spec), "config": _style(width, height)}
