"""Where the images of a split are while a network trains: on the device if they fit, else in the data set's files."""

import numpy as np
import torch
from torch import Tensor

from bakeoff.core.types import ImageRows, Images
from bakeoff.data.build.shards import Shards

IN_MEMORY = 2**28
"""Bytes of a split that are held in memory; a larger one is read batch by batch, which costs a small network's step
some percent of its time and several processes that train on one data set no memory."""

OF_GPU = 0.5
"""The fraction of a GPU's free memory that a split may take."""

PIECE = 4096
"""Images that are moved to a device at a time."""


class Streamed:
    """Images in files, of which each batch is read when it is asked for.

    Attributes:
        shape: (N, S, S, 3).
    """

    def __init__(self, images: Shards, device: torch.device) -> None:
        self._images, self._device, self.shape = images, device, images.shape

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """These images, uint8 (B, S, S, 3) on the device."""
        found: Images = self._images[rows if isinstance(rows, slice) else rows.cpu().numpy()]
        return torch.from_numpy(found).to(self._device)


def hold(images: ImageRows, device: torch.device) -> Tensor | Streamed:
    """Images uint8 (N, S, S, 3) on a device; those of a data set's files in memory only as far as they fit there."""
    if not isinstance(images, Shards):
        return torch.from_numpy(np.asarray(images)).to(device)
    if images.nbytes > _room(device):
        return Streamed(images, device)
    if device.type == "cpu":
        return torch.from_numpy(np.asarray(images))
    held = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(images), PIECE):
        held[start : start + PIECE] = torch.from_numpy(images[start : start + PIECE])
    return held


def _room(device: torch.device) -> float:
    """Bytes that a split may take."""
    return OF_GPU * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else IN_MEMORY
