"""Where in each image the classes are annotated, for networks that learn it beside the labels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional

from bakeoff.data.build.dataset import DatasetInfo

CELLS = 16
"""Of a side of a map; a network's own maps are coarser, or not much finer."""

Maps = npt.NDArray[np.uint8]
"""uint8 (N, K, CELLS, CELLS): how much of each cell the boxes of each class cover, 255 for all of it."""


def class_maps(rows: pl.DataFrame, info: DatasetInfo) -> Maps:
    """The maps of these rows of a manifest; of overlapping boxes the one that covers more of a cell counts."""
    numbers = {name: number for number, name in enumerate(info.classes)}
    maps = np.zeros((len(rows), len(info.classes), CELLS, CELLS), dtype=np.uint8)
    for image, row in zip(maps, rows.iter_rows(named=True), strict=True):
        for box in row["boxes"]:
            own = image[numbers[box["label"]]]
            np.maximum(own, _cover(box, row, info), out=own)
    return maps


def _cover(box: Mapping[str, Any], row: Mapping[str, Any], info: DatasetInfo) -> Maps:
    """How much of each cell a box covers, uint8 (CELLS, CELLS)."""
    left, top, width, height = (CELLS * share for share in info.placed(box, row))
    cells = np.arange(CELLS)
    across, down = (
        np.clip(np.minimum(begin + extent, cells + 1) - np.maximum(begin, cells), 0, 1)
        for begin, extent in ((left, width), (top, height))
    )
    cover: Maps = np.round(255 * down[:, None] * across).astype(np.uint8)
    return cover


def painted(maps: Tensor, side: int) -> Tensor:
    """Maps as channels beside an image's own, which are mirrored, cropped and mixed with it.

    Args:
        maps: uint8 (B, K, CELLS, CELLS).
        side: S, the side of the images.

    Returns:
        uint8 (B, S, S, K).
    """
    cells = torch.arange(side, device=maps.device) * CELLS // side
    return maps[:, :, cells[:, None], cells].permute(0, 2, 3, 1)


def location_loss(located: Tensor, places: Tensor) -> Tensor:
    """Binary cross entropy of what a network says of its cells: the sum over classes, the mean over images and cells.

    Args:
        located: float32 (B, K, h, w), a logit for each class in each cell.
        places: float32 (B, K, S, S) in [-1, 1], the channels that `painted` gave, as they became with the images.
    """
    covered = functional.adaptive_avg_pool2d((places + 1) / 2, (located.shape[2], located.shape[3]))
    losses = functional.binary_cross_entropy_with_logits(located, covered, reduction="none")
    return losses.sum(1).mean()
