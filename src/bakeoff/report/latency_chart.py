"""The chart of accuracy against latency."""

import math
from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl

from bakeoff.core.types import Estimate
from bakeoff.evaluation.frontier import Frontier, Position
from bakeoff.report.rendering import INK, Spec
from bakeoff.report.theme import by_network, finish, legend_pick, picked
from bakeoff.training.run import Run

SHAPES = {"on it": "circle", "open": "triangle-up", "not on it": "cross"}


def accuracy_latency(
    runs: Sequence[Run],
    places: Sequence[Position],
    accuracies: Mapping[str, Estimate],
    found: Frontier,
    limit: float,
) -> Spec:
    """Accuracy by latency with both spreads; a line joins the frontier, dashed is the budget.

    Args:
        runs: Give the order and colours of the networks.
        places: What is drawn.
        accuracies: By network, with its interval.
        found: The frontier.
        limit: Of the latency in milliseconds; 0 for none.
    """
    table = pl.DataFrame([_row(place, accuracies[place.name], found) for place in places])
    pick = legend_pick()
    color = by_network(runs).legend(values=table["network"].to_list())
    base = alt.Chart(table).encode(color=color, opacity=picked(pick, 1.0))
    x, y = _axes(table, limit)
    line = base.transform_filter("datum.on").mark_line(color=INK, interpolate="step-after", strokeWidth=1)
    dots = base.mark_point(size=90, filled=True).encode(
        x=x,
        y=y,
        shape=alt.Shape(
            "frontier:N",
            title="frontier",
            scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())),
            legend=alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK),
        ),
        tooltip=["network:N", alt.Tooltip("ms:Q", format=".3g"), alt.Tooltip("accuracy:Q", format=".1f"), "frontier:N"],
    )
    layers = [
        line.encode(x=x, y=y, color=alt.value(INK), opacity=alt.value(0.5)),
        base.mark_rule(strokeWidth=1.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_rule(strokeWidth=1.5).encode(x=alt.X("fast:Q"), x2="slow:Q", y=y),
        dots,
    ]
    if limit:
        rule = alt.Chart(pl.DataFrame({"ms": [limit]})).mark_rule(strokeDash=[4, 4], color=INK)
        layers.append(rule.encode(x="ms:Q"))
    return finish(alt.layer(*layers).add_params(pick))


def _axes(table: pl.DataFrame, limit: float) -> tuple[alt.X, alt.Y]:
    values = [*table["fast"], *table["slow"], *([limit] if limit else [])]
    scale = alt.Scale(type="log", domain=[min(values) / 1.3, max(values) * 1.3], nice=False)
    ends = [math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 1]
    axis = alt.Axis(values=[step * 10.0**power for power in range(*ends) for step in (1, 2, 5)], format="~g")
    return (
        alt.X("ms:Q", title="latency for one photo (ms)", scale=scale, axis=axis),
        alt.Y("accuracy:Q", title="validation accuracy (%)", scale=alt.Scale(zero=False)),
    )


def _row(place: Position, accuracy: Estimate, found: Frontier) -> dict[str, object]:
    interval, quartiles = accuracy.interval, place.latency.quartiles
    low, high = (interval.low, interval.high) if interval else (place.accuracy, place.accuracy)
    sure = place.name in found.certain or place.name in found.excluded
    return {
        "network": place.name,
        "ms": place.latency.median,
        "fast": quartiles.low,
        "slow": quartiles.high,
        "accuracy": 100 * place.accuracy,
        "low": 100 * low,
        "high": 100 * high,
        "on": place.name in found.on,
        "frontier": ("on it" if place.name in found.on else "not on it") if sure else "open",
    }
