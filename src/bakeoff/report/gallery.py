"""The validation photos for the page: thumbnails in sheets, and what every run says of each."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image
from scipy.special import expit, softmax

from bakeoff.core.geometry import crop_box_of
from bakeoff.core.types import VAL, ImageRows
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.evaluation.explanations import Explanations
from bakeoff.report.rendering import Spec
from bakeoff.training.run import Run

LARGEST_GALLERY = 2000
"""Photos; a page with more would pass 6 MB. Of more, those with the highest mean loss over the runs are kept."""

THUMBNAIL, SHEET = 64, 10
"""Pixels of a thumbnail's side, and thumbnails of a sheet's side."""

QUALITY = 50
LOSS_STEPS = 1000
"""Losses are stored in thousandths of a nat, up to 65.535."""

COCO = "images.cocodataset.org"


@dataclass(frozen=True)
class Gallery:
    """What the page's script is given.

    Attributes:
        sheets: Data URIs of WebP images of 10 x 10 thumbnails, in the order of the photos.
        side: A thumbnail's side in pixels.
        left_out: Validation photos that are not in it.
        data: The rest, as JSON holds it; see `pack`.
    """

    sheets: tuple[str, ...]
    side: int
    left_out: int
    data: Spec


def pack(dataset: Dataset, runs: Sequence[Run], explanations: Explanations | None = None) -> Gallery:
    """Packs the validation photos and the predictions of the finished runs.

    Returns:
        A gallery whose data holds `classes`; `side`; `photos`: id, label, held (labels annotated), boxes (label, then
        x, y, width, height as fractions), coco (whether COCO has a page of it); `several`: whether all classes of a
        photo must be predicted; `runs`: network and seed; and in base64 `predicted`, uint16 (runs, photos),
        `probabilities`, uint8 (runs, photos, K) in 255ths, and `losses`, uint16 (runs, photos) in thousandths of a nat,
        little-endian; and `explained`, for each network with saliency: network, side, ids of photos, shares of the
        saliency in the boxes, and in base64 `maps`, uint8 (ids, side, side).
    """
    finished = [run for run in runs if run.finished]
    rows = dataset.rows(VAL)
    tables = [run.predictions.of(VAL) for run in finished]
    losses = np.array([table["loss"] for table in tables], dtype=np.float64).reshape(len(tables), rows.height)
    kept = _keep(losses, rows.height)
    side = min(THUMBNAIL, dataset.info.size)
    return Gallery(
        sheets=tuple(_sheets(dataset.images[VAL], kept, side)),
        side=side,
        left_out=rows.height - len(kept),
        data={
            "classes": list(dataset.info.classes),
            "side": side,
            "several": all(run.spec.recipe.task == "multilabel" for run in runs),
            "photos": _photos(rows[kept], dataset.info),
            "runs": [{"network": run.spec.variant, "seed": run.spec.seed} for run in finished],
            "predicted": _base64(_predicted(tables, kept)),
            "probabilities": _base64(_probabilities(finished, kept, len(dataset.info.classes))),
            "explained": _explained(explanations),
            "losses": _base64(np.minimum(losses[:, kept] * LOSS_STEPS, 65_535).round().astype("<u2")),
        },
    )


def _keep(losses: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Positions of the photos that are shown, ascending."""
    if count <= LARGEST_GALLERY:
        return np.arange(count)
    mean = losses.mean(axis=0) if len(losses) else np.zeros(count)
    return np.sort(np.argsort(-mean, kind="stable")[:LARGEST_GALLERY])


def _sheets(images: ImageRows, kept: npt.NDArray[np.int64], side: int) -> list[str]:
    sheets = []
    for start in range(0, len(kept), SHEET * SHEET):
        chosen = kept[start : start + SHEET * SHEET]
        sheet = Image.new("RGB", (SHEET * side, math.ceil(len(chosen) / SHEET) * side))
        for number, position in enumerate(chosen):
            thumbnail = Image.fromarray(np.asarray(images[position])).resize((side, side), Image.Resampling.BOX)
            sheet.paste(thumbnail, (number % SHEET * side, number // SHEET * side))
        buffer = io.BytesIO()
        sheet.save(buffer, "WEBP", quality=QUALITY, method=4)
        sheets.append("data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode())
    return sheets


def _photos(rows: pl.DataFrame, info: DatasetInfo) -> list[dict[str, object]]:
    number = {name: label for label, name in enumerate(info.classes)}
    return [
        {
            "id": row["image_id"],
            "label": row["label"],
            "held": [number[name] for name in row["annotated"]],
            "boxes": [
                [number[box["label"]], *(round(fraction, 3) for fraction in info.box_in_image(box, row))]
                for box in row["boxes"]
            ],
            "coco": COCO in (row["url"] or "") and not crop_box_of(row["file_name"]),
        }
        for row in rows.iter_rows(named=True)
    ]


def _predicted(tables: Sequence[pl.DataFrame], kept: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    rows = [table["predicted"].to_numpy()[kept] for table in tables]
    return np.array(rows, dtype="<u2").reshape(len(tables), len(kept))


def _probabilities(runs: Sequence[Run], kept: npt.NDArray[np.int64], class_count: int) -> npt.NDArray[np.uint8]:
    packed = np.zeros((len(runs), len(kept), class_count), dtype=np.uint8)
    for number, run in enumerate(runs):
        table = run.predictions.of(VAL)
        logits = np.array(table["logits"].to_list(), dtype=np.float64).reshape(-1, class_count)[kept]
        fractions = expit(logits) if run.spec.recipe.task == "multilabel" else softmax(logits, axis=1)
        packed[number] = np.round(255 * fractions)
    return packed


def _explained(explanations: Explanations | None) -> list[dict[str, object]]:
    return [
        {
            "network": own.variant,
            "side": own.side,
            "ids": own.image_ids,
            "shares": own.shares,
            "maps": base64.b64encode(own.saliency).decode(),
        }
        for own in (explanations.networks if explanations else ())
        if own.side
    ]


def _base64(values: npt.NDArray[np.generic]) -> str:
    return base64.b64encode(values.tobytes()).decode()
