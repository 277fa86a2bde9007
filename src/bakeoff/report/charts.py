"""The charts of the report, each defined once; rendered to SVG and PNG without a network."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import polars as pl
import vl_convert

from bakeoff.records import BatchLog, EpochLog, Run

Spec = dict[str, Any]
"""A Vega-Lite specification."""

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a", "#b8a000")
"""Okabe and Ito's colours, safe for colour-blind readers; black and light yellow replaced to show on light and dark."""

INK, LINE = "#24292f", "#d0d7de"
WIDTH, HEIGHT = 620, 300
PNG_SCALE = 2


def loss_curves(runs: Sequence[Run], class_count: int) -> Spec:
    """The training loss of all runs, each point the mean of the batches since the last; dashed: chance, ln K."""
    rows = [
        (run.spec.network, run.name, line.step * run.spec.recipe.batch_size, line.loss)
        for run in runs
        for line in run.log
        if isinstance(line, BatchLog)
    ]
    table = pl.DataFrame(rows, schema=["network", "run", "images", "loss"], orient="row")
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=1.5, opacity=0.85)
        .encode(
            x=alt.X("images:Q", title="training images seen"),
            y=alt.Y("loss:Q", title="training loss (nats)"),
            color=_by_network(runs),
            detail="run:N",
        )
    )
    chance = alt.Chart(pl.DataFrame({"loss": [math.log(class_count)]})).mark_rule(strokeDash=[4, 4], color=INK)
    return _finish(alt.layer(lines, chance.encode(y="loss:Q")))


def accuracy_curves(runs: Sequence[Run]) -> Spec:
    """Training (as trained on, dashed) and validation accuracy of all runs after each epoch."""
    rows = [
        (run.spec.network, run.name, line.epoch, split, value)
        for run in runs
        for line in run.log
        if isinstance(line, EpochLog)
        for split, value in (("training", line.train_accuracy), ("validation", line.val_accuracy))
        if value is not None
    ]
    table = pl.DataFrame(rows, schema=["network", "run", "epoch", "split", "accuracy"], orient="row")
    return _finish(
        alt.Chart(table)
        .mark_line(strokeWidth=1.5, opacity=0.85)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("accuracy:Q", title="accuracy", axis=alt.Axis(format=".0%")),
            color=_by_network(runs),
            strokeDash=alt.StrokeDash(
                "split:N", title="split", scale=alt.Scale(domain=["validation", "training"], range=[[1, 0], [4, 3]])
            ),
            detail="run:N",
        )
    )


def gradient_norms(runs: Sequence[Run]) -> Spec:
    """The gradient's norm by the weight of each layer, at initialisation and at the end, for one run a network."""
    rows = []
    for run in runs:
        epochs = [line for line in run.log if isinstance(line, EpochLog)]
        for moment, line in (("at initialisation", epochs[0]), ("after training", epochs[-1])):
            layers = enumerate(line.gradient_norms.values(), start=1)
            rows += [(run.spec.network, moment, layer, norm) for layer, norm in layers if norm]
    table = pl.DataFrame(rows, schema=["network", "moment", "layer", "norm"], orient="row")
    return _finish(
        alt.Chart(table)
        .mark_line(point=True, strokeWidth=1.5)
        .encode(
            x=alt.X("layer:Q", title="layer with weights, from the input", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("norm:Q", title="gradient norm", scale=alt.Scale(type="log"), axis=alt.Axis(format=".0e")),
            color=_by_network(runs),
        )
        .facet(column=alt.Column("moment:N", title=None, sort=["at initialisation", "after training"])),
        width=WIDTH // 2 - 20,
    )


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Spec:
    """A confusion matrix: rows are true classes; colour is the share of the row."""
    rows = [
        (classes[truth], classes[guess], count, count / (sum(row) or 1))
        for truth, row in enumerate(counts)
        for guess, count in enumerate(row)
    ]
    table = pl.DataFrame(rows, schema=["true", "predicted", "count", "share"], orient="row")
    base = alt.Chart(table).encode(
        x=alt.X("predicted:N", sort=list(classes), title="predicted class", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("true:N", sort=list(classes), title="true class"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", title="share of row", scale=alt.Scale(scheme="blues", domain=[0, 1]))
    )
    text = base.mark_text().encode(
        text="count:Q", color=alt.when("datum.share > 0.5").then(alt.value("#fff")).otherwise(alt.value("#111"))
    )
    side = max(220, 34 * len(classes))
    return _finish(alt.layer(cells, text), width=side, height=side)


def bars(values: Iterable[tuple[str, int]], title: str) -> Spec:
    """Horizontal bars with their counts, largest first."""
    table = pl.DataFrame(list(values), schema=["what", "count"], orient="row")
    base = alt.Chart(table).encode(
        y=alt.Y("what:N", sort="-x", title=None, axis=alt.Axis(labelLimit=320)), x=alt.X("count:Q", title=title)
    )
    text = base.mark_text(align="left", dx=4, color=INK).encode(text=alt.Text("count:Q", format=","))
    return _finish(alt.layer(base.mark_bar(color=PALETTE[0]), text), height=26 * max(table.height, 1))


def to_svg(chart: Spec) -> str:
    """The chart as SVG; the same chart gives the same bytes."""
    svg = str(vl_convert.vegalite_to_svg(chart))
    for number, name in enumerate(re.findall(r'\bid="([^"]+)"', svg)):  # the renderer counts on from chart to chart
        svg = re.sub(rf'(\bid="|url\(#|href="#){re.escape(name)}\b', rf"\g<1>part{number}", svg)
    return svg


def to_png(chart: Spec) -> bytes:
    """The chart as PNG, on white, at twice its size."""
    return bytes(vl_convert.vegalite_to_png({**chart, "background": "white"}, scale=PNG_SCALE))


def inline(svg: str, name: str) -> str:
    """An SVG to stand in the page: ids of its own, text and lines in the page's colours, as wide as there is room."""
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", svg)
    svg = svg.replace(INK, "currentColor").replace(LINE, "var(--line)")
    return re.sub(r'<svg ([^>]*?)width="\d+" height="\d+"', r'<svg aria-hidden="true" \1', svg, count=1)


def _by_network(runs: Sequence[Run]) -> alt.Color:
    names = list(dict.fromkeys(run.spec.network for run in runs))
    colors = [PALETTE[position % len(PALETTE)] for position in range(len(names))]
    return alt.Color("network:N", title="network", sort=names, scale=alt.Scale(domain=names, range=colors))


def _style(width: int, height: int) -> dict[str, Any]:
    """Size, fonts and colours of all charts."""
    axis = {"labelColor": INK, "titleColor": INK, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE}
    return {
        "axis": {**axis, "titleFontWeight": "normal"},
        "legend": {"labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "orient": "bottom"},
        "header": {"labelColor": INK},
        "view": {
            "stroke": None,
            **dict.fromkeys(("continuousWidth", "discreteWidth"), width),
            **dict.fromkeys(("continuousHeight", "discreteHeight"), height),
        },
        "font": "system-ui, sans-serif",
        "background": "transparent",
    }


def _finish(chart: Any, width: int = WIDTH, height: int = HEIGHT) -> Spec:
    spec: Spec = chart.to_dict()
    return {**spec, "config": _style(width, height)}
