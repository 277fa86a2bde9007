"""What the networks look at, and whether they are right for the right reason."""

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from bakeoff.core.registry import sections
from bakeoff.evaluation.explanations import Explanation, in_boxes
from bakeoff.evaluation.scores import NOTHING
from bakeoff.report.contents import Figure, Format, ReportInput, Section, Table
from bakeoff.report.embedding_chart import embedding_map
from bakeoff.report.formatting import difference, estimate, percent

IN_BOXES = (
    "Where a network that is right looks: the mean share of its saliency (Grad-CAM of the predicted class, in the maps "
    "of that layer) in the annotated boxes of the photo's class, over those of {photos:,} validation photos that it "
    "predicts correctly, for the first seed that finished; in brackets the 95 % interval over photos. Boxes: the share "
    "of the photo that they cover, which is what looking anywhere would give. Above chance: the difference, in points."
)
MAP = (
    "The same photos by what the last layer gets, on the plane of the two directions in which that varies most "
    "(principal components, which hold {shares} of the variance). A cross is a wrong prediction. A click on a point "
    "opens its photo."
)
ROW, SHOWN = 16, 24
"""Filters side by side, and the pixels that one takes on the page."""


@sections.register("44-explanations")
def explanations(case: ReportInput) -> Section | None:
    """The share of saliency in the boxes, the first filters, the map of the photos; nothing where not asked for."""
    if not case.explanations or not case.explanations.networks:
        return None
    networks = case.explanations.networks
    drawn = [own for own in networks if own.points and any(own.variances)]
    values = {
        "table": _table(networks, case.explanations.photos),
        "notes": [note for own in networks if (note := _note(own))],
        "filters": [_filters(own) for own in networks if own.filters],
        "figure": Figure("embeddings", _caption(drawn), embedding_map(drawn, case.comparison.classes), live=True)
        if drawn
        else None,
    }
    return Section("What the networks look at", "explanations.html", values)


def _table(networks: Sequence[Explanation], photos: int) -> Table:
    formats: dict[str, Format] = {"saliency in boxes": estimate, "boxes": percent, "above chance": difference}
    rows = []
    for own in networks:
        if own.layer:
            found = in_boxes(own)
            numbers = (found.images, found.share, found.area, found.excess) if found else (0, NOTHING, None, NOTHING)
            rows.append((own.variant, own.seed, own.layer, *numbers))
    return Table(
        "explanations", IN_BOXES.format(photos=photos), ("network", "seed", "layer", "correct", *formats), rows, formats
    )


def _note(own: Explanation) -> str:
    """Why a network has no row, or no number in it."""
    if own.reason:
        return f"{own.variant} could not be explained: {own.reason}."
    if not own.layer:
        return f"{own.variant} has no convolution, so that there is no saliency of it."
    if all(share is None for share in own.shares):
        boxes = any(area is not None for area in own.areas)
        return f"{own.variant}: " + (
            "its saliency is zero everywhere." if boxes else "the photos have no annotated boxes."
        )
    return ""


def _caption(drawn: Sequence[Explanation]) -> str:
    return MAP.format(shares=", ".join(f"{percent(sum(own.variances))} in {own.variant}" for own in drawn))


def _filters(own: Explanation) -> dict[str, object]:
    """The filters side by side with a pixel between them, as a data URI of a PNG image."""
    count, height, width, _ = own.filter_shape
    rows, columns = math.ceil(count / ROW), min(count, ROW)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 4), 0, dtype=np.uint8)
    filters = np.frombuffer(own.filters, dtype=np.uint8).reshape(own.filter_shape)
    for number, pixels in enumerate(filters):
        top, left = number // ROW * (height + 1), number % ROW * (width + 1)
        sheet[top : top + height, left : left + width] = np.dstack([pixels, np.full((height, width), 255, np.uint8)])
    raw = io.BytesIO()
    Image.fromarray(sheet).save(raw, "PNG", optimize=True)
    return {
        "name": own.variant,
        "what": f"{count} filters of {height} × {width} pixels",
        "uri": "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode(),
        "width": sheet.shape[1] * max(2, SHOWN // width),
    }
