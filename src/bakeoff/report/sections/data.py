"""What the networks were trained on."""

import base64
import io
from typing import NamedTuple

import numpy as np
import polars as pl
from PIL import Image

from bakeoff.core.geometry import RESIZES, crop_box_of
from bakeoff.core.registry import sections
from bakeoff.core.types import TRAIN, Images
from bakeoff.data.build.dataset import Dataset
from bakeoff.report import charts
from bakeoff.report.contents import Figure, ReportInput, Section, Table
from bakeoff.report.formatting import link

SAMPLES = 6
SAMPLE_QUALITY = 90


@sections.register("50-data")
def data(case: ReportInput) -> Section | None:
    """Sample photos, counts, the ledger, co-occurrence of the classes, licences."""
    dataset = case.dataset
    if dataset is None:
        return None
    reasons = dataset.ledger["reason"].str.replace(r"^replaces image .*", "replaces an unreadable photo")
    became = reasons.value_counts().sort("count", "reason", descending=[True, False])
    caption = "What became of every photo that holds a target class."
    ledger = Table("ledger", caption, ("reason", "photos"), became.rows())
    known = dataset.info.selection.objects_known
    several = (dataset.manifest["annotated"].list.len() > 1).sum() if known else None
    return Section(
        "The data set",
        "data.html",
        {
            "samples": samples(dataset),
            "counts": counts(dataset),
            "ledger": ledger,
            "figure": Figure("ledger", caption, charts.bars(became.rows())),
            "together": _together(dataset) if known else None,
            "sizes": _sizes(dataset),
            "sources": _sources(dataset),
            "licenses": _licenses(dataset),
            "several": several,
            "problems": [problem.message for problem in dataset.problems],
            "info": dataset.info,
            "resized": RESIZES[dataset.info.resize],
            "cropped": crop_box_of(dataset.manifest["file_name"][0]) is not None,
        },
    )


class SamplePhoto(NamedTuple):
    """A photo as a data URI, its id, and the other target classes annotated in it."""

    uri: str
    id: int
    others: list[str]


class ClassSamples(NamedTuple):
    """Photos of a class."""

    name: str
    photos: list[SamplePhoto]


def samples(dataset: Dataset) -> list[ClassSamples]:
    """The first training photos of each class."""
    rows, images = dataset.rows(TRAIN).with_row_index("_row"), dataset.images[TRAIN]
    chosen = []
    for label, name in enumerate(dataset.info.classes):
        own = rows.filter(pl.col("label") == label).head(SAMPLES).select("_row", "image_id", "annotated")
        photos = [
            SamplePhoto(_data_uri(images[row]), number, [other for other in held if other != name])
            for row, number, held in own.iter_rows()
        ]
        chosen.append(ClassSamples(name, photos))
    return chosen


def _data_uri(pixels: Images) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, "JPEG", quality=SAMPLE_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def counts(dataset: Dataset) -> Table:
    """Photos of each class in each split, and how many of them hold other classes too."""
    rows, splits = [], tuple(dataset.info.counts)
    for label, name in enumerate(dataset.info.classes):
        own = dataset.manifest.filter(pl.col("label") == label)
        several = (own["annotated"].list.len() > 1).sum() if dataset.info.selection.objects_known else None
        rows.append((name, *(own.filter(pl.col("split") == split).height for split in splits), several))
    return Table("classes", "Photos of each class.", ("class", *splits, "with other target classes"), rows)


def _together(dataset: Dataset) -> Table:
    """In how many photos of the data set two classes are annotated together; the diagonal: at all."""
    held = dataset.manifest["annotated"]
    classes = dataset.info.classes
    rows = [
        (first, *((held.list.contains(first) & held.list.contains(second)).sum() for second in classes))
        for first in classes
    ]
    caption = "Photos in which both classes are annotated; on the diagonal, photos in which the class is annotated."
    return Table("together", caption, ("class", *classes), rows)


def _sizes(dataset: Dataset) -> Table:
    """How large the photos were before they were resized."""
    side = pl.min_horizontal("width", "height")
    sizes = dataset.manifest.select("width", "height", side.alias("shorter side"))
    rows = []
    for name in sizes.columns:
        own = sizes[name].drop_nulls().to_numpy()
        if len(own):
            rows.append((name, int(own.min()), int(np.median(own)), int(own.max())))
    smaller = sizes.filter(pl.col("shorter side") < dataset.info.size).height
    caption = f"Pixels of the photos before they were resized. Smaller than what they were resized to: {smaller:,}."
    return Table("sizes", caption, ("what", "smallest", "median", "largest"), rows)


def _sources(dataset: Dataset) -> Table:
    """Where the photos come from, by the host of the address that the instances file gives."""
    hosts = dataset.manifest.select(pl.col("url").str.extract(r"^\w+://([^/]+)").fill_null("no address").alias("host"))
    counts = hosts["host"].value_counts().sort("count", "host", descending=[True, False])
    caption = f"Hosts of the addresses that the instances file gives. The photos were read from {dataset.info.photos}."
    return Table("sources", caption, ("host", "photos"), counts.rows())


def _licenses(dataset: Dataset) -> Table:
    names = {entry.id: (entry.name, entry.url) for entry in dataset.info.selection.licenses}
    counts = dataset.manifest["license"].value_counts().sort("count", "license", descending=[True, False])
    rows = [(*names.get(number, ("not stated", "")), count) for number, count in counts.iter_rows()]
    caption = "Licences of the photos, as the instances file states them."
    return Table("licenses", caption, ("licence", "url", "photos"), rows, {"url": link})
