"""Annotations as columns, gathered block by block."""

from itertools import chain
from operator import attrgetter

import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.data.coco.entries import Annotation

NUMBERS = {"annotation_id": "id", "image_id": "image_id", "category_id": "category_id", "crowd": "iscrowd"}
SIDES = ("x", "y", "width", "height")
COLUMNS = ("annotation_id", "image_id", "category_id", *SIDES, "area", "crowd")


class AnnotationColumns:
    """The annotations so far, as columns: 65 bytes each."""

    def __init__(self) -> None:
        self._blocks = [_block([])]

    def add(self, annotations: list[Annotation]) -> None:
        """Takes some more."""
        self._blocks.append(_block(annotations))

    def table(self) -> pl.DataFrame:
        """All of them as `Index.annotations`, in the file's order."""
        return pl.concat(self._blocks)


def order(annotations: pl.DataFrame) -> pl.DataFrame:
    """Annotations by image, then id, then all other columns where they share an id."""
    table = annotations.sort("image_id", "annotation_id")
    again = pl.all_horizontal(pl.col("image_id", "annotation_id").diff() == 0).any()
    return table.sort("image_id", "annotation_id", *COLUMNS[2:]) if table.select(again).item() else table


def _block(annotations: list[Annotation]) -> pl.DataFrame:
    count = len(annotations)
    columns: dict[str, npt.NDArray[np.generic]] = {
        name: np.fromiter(map(attrgetter(key), annotations), np.int64, count) for name, key in NUMBERS.items()
    }
    columns["crowd"] = columns["crowd"] != 0
    boxes = np.fromiter(chain.from_iterable(map(attrgetter("bbox"), annotations)), np.float64, 4 * count)
    columns |= dict(zip(SIDES, boxes.reshape(count, 4).T.copy(), strict=True))
    columns["area"] = np.array([*map(attrgetter("area"), annotations)], dtype=np.float64)  # None becomes NaN
    return pl.DataFrame({name: columns[name] for name in COLUMNS}).with_columns(pl.col("area").fill_nan(None))
