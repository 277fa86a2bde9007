"""The map of what networks make of photos: near each other where the last layer gets nearly the same."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from bakeoff.evaluation.explanations import Explanation
from bakeoff.report.rendering import Spec, printable
from bakeoff.report.theme import FACET, PALETTE, finish

ANSWERS = {True: "correct", False: "wrong"}


def embedding_map(networks: Sequence[Explanation], classes: Sequence[str]) -> Spec:
    """A panel a network, a point a photo in the colour of its class; open where the prediction is wrong.

    Args:
        networks: Those that have points.
        classes: Names in the order of the labels.
    """
    rows = [
        (own.variant, x, y, label, said, ANSWERS[label == said], image)
        for own in networks
        for (x, y), label, said, image in zip(own.points, own.labels, own.predicted, own.image_ids, strict=True)
    ]
    table = pl.DataFrame(rows, schema=["network", "x", "y", "class", "predicted", "answer", "photo"], orient="row")
    shown = printable(list(classes))
    colors = [PALETTE[at % len(PALETTE)] for at in range(len(shown))]
    axis = alt.Axis(labels=False, ticks=False, title=None, domain=False)
    color = alt.Color("class:N", title="class", sort=shown, scale=alt.Scale(domain=shown, range=colors))
    marks = alt.Shape(
        "answer:N", title="prediction", scale=alt.Scale(domain=["correct", "wrong"], range=["circle", "cross"])
    )
    points = (
        alt.Chart(table)
        .mark_point(size=40, filled=True, opacity=0.75, cursor="pointer")
        .encode(
            x=alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=color,
            shape=marks,
            tooltip=["photo:N", "class:N", "predicted:N"],
        )
    )
    names = [own.variant for own in networks]
    chart = points.facet(facet=alt.Facet("network:N", title=None, sort=printable(names)), columns=2)
    return finish(chart.resolve_scale(x="independent", y="independent"), width=FACET, height=FACET)
