"""Draws the figures of docs/statistics.md with bakeoff's own intervals, tests and power; runs as in simulation.py.

    python benchmarks/figures.py [FOLDER]

writes interval.svg, paired.svg, verdicts.svg and power.svg to FOLDER (default: docs/images), and prints their numbers.
"""

import sys
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl
from simulation import MARGIN, World

from bakeoff.evaluation.estimates import estimate
from bakeoff.evaluation.intervals import ALPHA
from bakeoff.evaluation.pairs import compare_pairs
from bakeoff.evaluation.power import VarianceParts, detectable
from bakeoff.report.rendering import INK, to_svg
from bakeoff.report.theme import PALETTE

WIDTH = 560
EXPERIMENTS = 25
UNSTEADY = World(seeds=3, images=2000, gains=(0.0,), seed=0.12, seed_class=0.2)
"""A network whose seeds differ by about three points."""
TRUE = {"one seed, over photos": 1, "three seeds, over seeds and photos": 3}
PAIRS = {
    "true difference 6 points: 5 seeds, 1,000 photos": World(images=1000, gains=(0.0, 0.06)),
    "1 point: 3 seeds, 500 photos": World(seeds=3, images=500, gains=(0.0, 0.01)),
    "none: 20 seeds, 50,000 photos": World(seeds=20, images=50_000, gains=(0.0, 0.0)),
    "0.6 points: 40 seeds, 100,000 photos": World(seeds=40, images=100_000, gains=(0.0, 0.006)),
}
"""By true difference and size, what two networks are drawn from."""


def main() -> None:
    """Draws and prints."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[1] / "docs" / "images"
    for name, figure in (("interval", interval), ("paired", paired), ("verdicts", verdicts), ("power", power)):
        table, chart = figure()
        print(f"{name}\n{table}")
        (folder / f"{name}.svg").write_text(to_svg(chart.configure(background="white", font="sans-serif").to_dict()))


def interval() -> tuple[pl.DataFrame, alt.Chart]:
    """The same experiment many times: intervals over photos alone, and over seeds and photos."""
    draws, rows = np.random.default_rng(0), []
    for number in range(EXPERIMENTS):
        correct = UNSTEADY.draw(draws).correct[0].astype(np.float64)
        for kind, seeds in TRUE.items():
            found = estimate(correct[:seeds])
            low, high = found.interval.low, found.interval.high
            missed = not low <= UNSTEADY.accuracy <= high
            rows.append({"kind": kind, "experiment": number, "low": low, "high": high, "missed": missed})
    table = pl.DataFrame(rows)
    base = alt.Chart(table).encode(
        x=alt.X("experiment:O", axis=None), color=alt.Color("missed:N", scale=alt.Scale(range=PALETTE[:2]), legend=None)
    )
    bars = base.mark_rule(strokeWidth=3).encode(y=accuracy("low"), y2="high")
    truth = alt.Chart().mark_rule(color=INK, strokeDash=[4, 4]).encode(y=alt.datum(UNSTEADY.accuracy))
    shown = alt.layer(bars, truth, data=table).properties(width=WIDTH // 2, height=200)
    missed = table.group_by("kind").agg(pl.col("missed").sum(), pl.len())
    return missed, shown.facet(column=alt.Column("kind:N", title=None, sort=list(TRUE)))


def paired() -> tuple[pl.DataFrame, alt.Chart]:
    """Two networks whose own intervals overlap, and the interval of their difference on the same photos."""
    drawn = World(gains=(0.0, 0.04)).draw(np.random.default_rng(0))
    own = [estimate(rows.astype(np.float64)) for rows in drawn.correct]
    pair = drawn.compare()[0]
    table = pl.DataFrame(
        [
            {"what": what, "mean": mean, "low": found.low, "high": found.high}
            for what, mean, found in (
                ("network A", own[0].mean, own[0].interval),
                ("network B", own[1].mean, own[1].interval),
                ("B minus A", pair.difference, pair.interval),
            )
        ]
    )
    single = ranges(table.head(2), "validation accuracy")
    difference = ranges(table.tail(1), "difference on the same photos and seeds")
    return table, single & (difference + zero())


def verdicts() -> tuple[pl.DataFrame, alt.Chart]:
    """Pairs of all verdicts beside the margin."""
    rows = []
    for what, world in PAIRS.items():
        pair = compare_pairs(world.draw(np.random.default_rng(0)).pairs(), MARGIN)[0][0]
        verdict = "better" if "better" in pair.verdict else pair.verdict
        verdict += ", within the margin" if pair.within_margin else ""
        found = pair.interval
        rows.append({"what": what, "mean": pair.difference, "low": found.low, "high": found.high, "verdict": verdict})
    table = pl.DataFrame(rows)
    band = alt.Chart().mark_rect(color=PALETTE[4], opacity=0.25).encode(x=alt.datum(-MARGIN), x2=alt.datum(MARGIN))
    words = (
        alt.Chart(table)
        .mark_text(align="left", dx=8, fontSize=12, color=INK)
        .encode(x="high:Q", y=alt.Y("what:N", sort=list(PAIRS)), text="verdict")
    )
    return table, band + zero() + ranges(table, "measured difference, 95 % interval") + words


def power() -> tuple[pl.DataFrame, alt.Chart]:
    """The difference that four of five experiments call better, by seeds and photos, for three networks."""
    pairs = World(gains=(0.0,) * 3, seeds=20, images=5000).draw(np.random.default_rng(0)).compare()
    table = [(pair.variance.seeds, pair.variance.images, pair.variance.rest) for pair in pairs]
    parts = VarianceParts(*np.median(table, axis=0).tolist())
    rows = [
        {"seeds": seeds, "photos": f"{photos:,}", "points": 100 * detectable(parts, seeds, photos, ALPHA / len(pairs))}
        for photos in (200, 1000, 5000)
        for seeds in (3, 4, 5, 7, 10, 15, 20)
    ]
    found = pl.DataFrame(rows)
    chart = (
        alt.Chart(found)
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "seeds:Q", scale=alt.Scale(type="log", domain=[3, 20]), axis=alt.Axis(values=[3, 5, 7, 10, 15, 20])
            ),
            y=alt.Y(
                "points:Q",
                title="points seen in 4 of 5 experiments",
                scale=alt.Scale(type="log", domain=[1, 25]),
                axis=alt.Axis(values=[1, 2, 5, 10, 20]),
            ),
            color=alt.Color("photos:N", sort=["200", "1,000", "5,000"], scale=alt.Scale(range=PALETTE[:3])),
        )
    )
    return found, chart.properties(width=WIDTH, height=260)


def accuracy(field: str) -> alt.Y:
    """An axis of accuracies that does not begin at zero."""
    return alt.Y(f"{field}:Q", title="accuracy", scale=alt.Scale(zero=False), axis=alt.Axis(format=".0%"))


def ranges(table: pl.DataFrame, title: str) -> alt.Chart:
    """Means with their intervals, a row each."""
    base = alt.Chart(table).encode(y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)))
    axis = alt.Axis(format=".0%", tickCount=8)
    bars = base.mark_rule(strokeWidth=3, color=PALETTE[0]).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False), axis=axis), x2="high"
    )
    dots = base.mark_point(filled=True, size=80, opacity=1, color=PALETTE[0]).encode(x="mean:Q")
    return (bars + dots).properties(width=WIDTH, height=34 * len(table))


def zero() -> alt.Chart:
    """Where nothing differs."""
    return alt.Chart().mark_rule(color=INK, strokeDash=[4, 4]).encode(x=alt.datum(0))


if __name__ == "__main__":
    main()
