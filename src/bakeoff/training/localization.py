"""Box heatmaps: where in each image the classes are annotated, for an auxiliary loss."""

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional

from bakeoff.data.build.dataset import DatasetInfo

CELLS = 16
"""Cells per side of a heatmap; a network's own heatmaps are coarser, or not much finer."""

Heatmaps = npt.NDArray[np.uint8]
"""uint8 (N, K, CELLS, CELLS): how much of each cell the boxes of each class cover, 255 for all of it."""


def box_heatmaps(rows: pl.DataFrame, info: DatasetInfo) -> Heatmaps:
    """The heatmaps of rows of a manifest; of overlapping boxes the one that covers more of a cell counts."""
    numbers = {name: number for number, name in enumerate(info.classes)}
    heatmaps = np.zeros((len(rows), len(info.classes), CELLS, CELLS), dtype=np.uint8)
    for image, row in zip(heatmaps, rows.iter_rows(named=True), strict=True):
        for box in row["boxes"]:
            own = image[numbers[box["label"]]]
            np.maximum(own, _cover(info.box_in_image(box, row)), out=own)
    return heatmaps


def _cover(box: tuple[float, float, float, float]) -> Heatmaps:
    """How much of each cell a box (left, top, width, height as fractions) covers: uint8 (CELLS, CELLS)."""
    left, top, width, height = (CELLS * fraction for fraction in box)
    cells = np.arange(CELLS)
    across, down = (
        np.clip(np.minimum(begin + extent, cells + 1) - np.maximum(begin, cells), 0, 1)
        for begin, extent in ((left, width), (top, height))
    )
    cover: Heatmaps = np.round(255 * down[:, None] * across).astype(np.uint8)
    return cover


def as_channels(heatmaps: Tensor, side: int) -> Tensor:
    """Heatmaps (B, K, CELLS, CELLS) as channels uint8 (B, S, S, K), to be mirrored, cropped and mixed with images."""
    cells = torch.arange(side, device=heatmaps.device) * CELLS // side
    return heatmaps[:, :, cells[:, None], cells].permute(0, 2, 3, 1)


def localization_loss(predicted: Tensor, boxes: Tensor) -> Tensor:
    """Binary cross entropy of predicted heatmaps: the sum over classes, the mean over images and cells.

    Args:
        predicted: float32 (B, K, h, w), a logit per class and cell.
        boxes: float32 (B, K, S, S) in [-1, 1], the channels of `as_channels`, as they became with the images.
    """
    covered = functional.adaptive_avg_pool2d((boxes + 1) / 2, (predicted.shape[2], predicted.shape[3]))
    losses = functional.binary_cross_entropy_with_logits(predicted, covered, reduction="none")
    return losses.sum(1).mean()
