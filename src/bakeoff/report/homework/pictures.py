"""The pictures of the kit that the report has not: sample photos, and a confusion matrix for each run."""

import altair as alt
import polars as pl

from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.scores import RunScores, VariantScores
from bakeoff.report import charts
from bakeoff.report.contents import Figure
from bakeoff.report.formatting import percent
from bakeoff.report.rendering import INK, printable
from bakeoff.report.sections.data import SAMPLES, samples
from bakeoff.report.theme import finish, labels

SIDE, GAP = 96, 8
"""Pixels: a photo's side, and the room between two."""


def sample_grid(dataset: Dataset, most: int = SAMPLES) -> Figure:
    """The first training photos of each class, so many at most; a row a class."""
    rows = [
        (own.name, column, photo.uri)
        for own in samples(dataset)
        for column, photo in enumerate(own.photos[:most], start=1)
    ]
    table = pl.DataFrame(rows, schema=["class", "column", "uri"], orient="row")
    chart = (
        alt.Chart(table)
        .mark_image(width=SIDE, height=SIDE)
        .encode(
            x=alt.X("column:O", axis=None, scale=alt.Scale(padding=0)),
            y=alt.Y("class:N", sort=printable(list(dataset.info.classes)), title=None, axis=labels(table["class"])),
            url="uri:N",
        )
    )
    width, height = (table[axis].n_unique() * (SIDE + GAP) for axis in ("column", "class"))
    return Figure("samples", "Training photos of each class.", finish(chart, width, height))


def confusion_matrix(network: VariantScores, run: RunScores, safe: str, classes: tuple[str, ...]) -> Figure:
    """The confusion matrix of one run, its title in the picture."""
    photos, right = sum(map(sum, run.confusion)), sum(row[label] for label, row in enumerate(run.confusion))
    title = f"{network.name}, seed {run.seed}: {percent(right / photos)} of {photos:,} photos"
    words = {"text": printable(title), "color": INK, "fontSize": 14, "fontWeight": "normal"}
    caption = f"Confusion matrix of {title}; rows true, columns predicted."
    chart = {**charts.confusion(run.confusion, classes), "title": words}
    return Figure(f"confusion-{safe}-seed{run.seed}", caption, chart)
