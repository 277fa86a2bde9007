"""What the report's charts share: colours, sizes, encodings, and what reacts to the mouse."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import altair as alt
import polars as pl

from bakeoff.report.rendering import HOVER, INK, LINE, Spec, printable
from bakeoff.training.run import Run

Chart: TypeAlias = Any  # altair makes the types of its charts and encodings at run time

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a", "#b8a000")
"""Okabe and Ito's colours, safe for colour-blind readers; black and light yellow replaced to show on light and dark."""

FADED = "80"
"""The opacity, as two hexadecimal digits, of the colours of a ninth to sixteenth network."""

WIDTH, HEIGHT = 440, 260
"""Of a chart, in pixels: two stand beside each other on a wide screen, and one fills a narrow one."""

FACET = 190
LABEL_GAP = 14
"""Pixels between two names at the ends of curves."""

DASHES = ([6, 4], [2, 3], [10, 3, 2, 3])
LABEL_LIMIT, LETTER = 320, 8
"""The longest label of a bar and the room for a letter of it, in pixels: a reader's font can be wider than ours."""


def names(runs: Sequence[Run]) -> list[str]:
    """The networks of runs, each once, in their order."""
    return list(dict.fromkeys(run.spec.variant for run in runs))


def by_network(runs: Sequence[Run]) -> alt.Color:
    """A colour a network, the same in every chart of these runs."""
    shown = names(runs)
    colors = [f"{PALETTE[at % len(PALETTE)]}{FADED if at // len(PALETTE) % 2 else ''}" for at in range(len(shown))]
    return alt.Color("network:N", title="network", sort=shown, scale=alt.Scale(domain=shown, range=colors))


def log_norm(points: pl.DataFrame) -> alt.Y:
    """A logarithmic axis with a line at each power of ten only."""
    low, high = (math.log10(norm) for norm in (min(points["norm"]), max(points["norm"])))
    powers = [10.0**power for power in range(math.floor(low), math.ceil(high) + 1)]
    scale = alt.Scale(type="log", nice=False, padding=8)
    return alt.Y("norm:Q", title="gradient norm", scale=scale, axis=alt.Axis(format=".0e", values=powers))


def labels(texts: Iterable[str]) -> alt.Axis:
    """An axis of names with room for the longest."""
    room = min(LABEL_LIMIT, LETTER * max(map(len, texts)))
    return alt.Axis(labelLimit=LABEL_LIMIT, minExtent=room, ticks=False)


def legend_pick() -> Chart:
    """A click in the legend picks a network; with the shift key several."""
    return alt.selection_point(name="pick", fields=["network"], bind="legend")


def picked(pick: Chart, opacity: float = 0.85) -> Chart:
    """The opacity of what is picked; what is not nearly vanishes."""
    return alt.when(pick).then(alt.value(opacity)).otherwise(alt.value(opacity / 12))


def zoom() -> Chart:
    """Wheel and drag move the axes, a double click sets them back."""
    return alt.selection_interval(name="zoom", bind="scales")


def hover(base: Chart, tooltip: Sequence[Chart], **encodings: Chart) -> Chart:
    """Points that nobody sees, for their tooltips; the charts on disk leave them out."""
    return (
        base.mark_point(size=60, opacity=0)
        .encode(tooltip=list(tooltip), opacity=alt.value(0), **encodings)
        .properties(name=HOVER)
    )


def broken(runs: Sequence[Run], failed: frozenset[str]) -> Chart:
    """Broken lines for runs that did not learn, each network's in its own way: where they lie on one another, all show.

    Args:
        runs: Give the order of the networks.
        failed: Such runs, by their names.
    """
    dash = alt.when("false").then(alt.value([1, 0]))
    for number, name in enumerate(names(runs)):
        own = sorted(f"{name} {run.spec.seed}" for run in runs if run.spec.variant == name)
        own = [run for run in own if run in failed]
        if own:
            dash = dash.when(alt.FieldOneOfPredicate("run", own)).then(alt.value(DASHES[number % len(DASHES)]))
    return dash.otherwise(alt.value([1, 0]))


def end_labels(runs: Sequence[Run], points: pl.DataFrame, failed: frozenset[str], *, right: float, top: float) -> Chart:
    """The name of each network where its curves end, moved apart where they would cover one another.

    Args:
        runs: Give the colours.
        points: network, run, x, y: of each run the last x counts, of a network the mean over its runs.
        failed: Runs that did not learn, by their names: a sign behind the network's name says so.
        right: The end of the axis of x; names stand beyond it.
        top: The end of the axis of y, which begins at 0.
    """
    ends = points.filter(pl.col("x") == pl.col("x").max().over("run"))
    learned = pl.when(pl.col("run").is_in(list(failed)).any()).then(pl.lit(" ✗")).otherwise(pl.lit(""))
    ends = ends.group_by("network", maintain_order=True).agg(pl.mean("y").clip(0, top), sign=learned.first()).sort("y")
    gap, heights = LABEL_GAP * top / HEIGHT, ends["y"].to_list()
    for at in range(1, len(heights)):
        heights[at] = max(heights[at], heights[at - 1] + gap)
    for at in reversed(range(len(heights))):  # what was pushed out at the top comes down again
        heights[at] = min(heights[at], top if at == len(heights) - 1 else heights[at + 1] - gap)
    table = ends.with_columns(
        y=pl.Series(heights, dtype=pl.Float64), x=pl.lit(float(right)), label=pl.concat_str("network", "sign")
    )
    text = alt.Chart(table).mark_text(align="left", dx=5, baseline="middle", clip=False)
    return text.encode(x="x:Q", y="y:Q", text="label:N", color=by_network(runs))


def line_mark(base: Chart, points: pl.DataFrame) -> Chart:
    """Lines, with a point for each value where a run has a single one: no line would show it."""
    single = points["run"].value_counts()["count"].min() == 1
    return base.mark_line(strokeWidth=1.5, clip=True, point=single)


def _style(width: int, height: int) -> Spec:
    """Size, fonts and colours of all charts."""
    words = {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    return {
        "axis": {**words, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE, "labelSeparation": 4},
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


def finish(chart: Chart, width: int = WIDTH, height: int = HEIGHT) -> Spec:
    """The chart as Vega-Lite, in the style of all; `width` and `height` in pixels, of each panel."""
    with alt.data_transformers.enable("default", max_rows=None):  # Altair refuses more than 5,000 rows otherwise
        spec: Spec = chart.to_dict()
    return {**printable(spec), "config": _style(width, height)}
