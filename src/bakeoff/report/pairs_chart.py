"""The chart of the differences between networks."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from bakeoff.evaluation.scores import PairScores
from bakeoff.report.contents import Figure
from bakeoff.report.rendering import INK, Spec
from bakeoff.report.theme import PALETTE, finish, labels

CHART = (
    "Validation accuracy of the second network minus the first, with 95 % intervals. Dashed: no difference; grey: the "
    "margin of {margin}, within which networks are equivalent."
)
VERDICTS = {"better": PALETTE[2], "equivalent": PALETTE[0], "undecided": PALETTE[1]}


def pairs_figure(compared: Sequence[PairScores], margin: float) -> Figure | None:
    """The differences of the pairs that were tested, coloured by verdict; None where none was.

    Args:
        compared: Pairs of networks.
        margin: Of equivalence, a fraction.
    """
    tested = [pair for pair in compared if pair.interval]
    if not tested:
        return None
    return Figure(
        "pairs",
        CHART.format(margin=f"{100 * margin:g} point{'s' if margin != 0.01 else ''}"),
        differences(tested, margin),
    )


def differences(pairs: Sequence[PairScores], margin: float) -> Spec:
    """The difference of each pair with its interval, its verdict by colour and shape; grey: the margin of equivalence.

    Args:
        pairs: Pairs that have an interval.
        margin: Of equivalence, a fraction.
    """
    rows = [
        (
            f"{pair.second} − {pair.first}",
            100 * (pair.difference or 0.0),
            100 * pair.interval.low,
            100 * pair.interval.high,
            "better" if pair.verdict.endswith("better") else pair.verdict,
        )
        for pair in pairs
        if pair.interval
    ]
    table = pl.DataFrame(rows, schema=["pair", "difference", "low", "high", "verdict"], orient="row")
    verdicts = list(VERDICTS)
    base = alt.Chart(table).encode(
        y=alt.Y("pair:N", title=None, sort=None, axis=labels(table["pair"])),
        color=alt.Color("verdict:N", title=None, scale=alt.Scale(domain=verdicts, range=list(VERDICTS.values()))),
    )
    title = "difference of validation accuracy (percentage points)"
    span = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    shapes = alt.Scale(domain=verdicts, range=["triangle-up", "square", "circle"])
    middle = base.mark_point(filled=True, size=80, opacity=1).encode(
        x="difference:Q", shape=alt.Shape("verdict:N", title=None, scale=shapes)
    )
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4], color=INK).encode(x="zero:Q")
    band = alt.Chart(pl.DataFrame({"low": [-100 * margin], "high": [100 * margin]})).mark_rect(color=INK, opacity=0.12)
    band = band.encode(x="low:Q", x2="high:Q")
    return finish(alt.layer(band, zero, span, middle), height=24 * table.height)
