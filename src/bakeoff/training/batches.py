"""Batches of a split that lives as uint8 on the device, or in files: order, gathering, scaling."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bakeoff.config.schema import Recipe
from bakeoff.core.types import ImageRows, Labels
from bakeoff.training.augmentation import augment, side_in, vary
from bakeoff.training.held import Streamed, hold
from bakeoff.training.localization import Heatmaps, as_channels


class Split:
    """A split's images, uint8 (N, S, S, 3), and labels, int64 (N,), on a device.

    Attributes:
        channels: Of the inputs, without box heatmaps.
        targets: What is learned: the labels; or float32 (N, K), 1 for each class that an image shows.
    """

    channels = 3

    def __init__(
        self,
        images: ImageRows,
        labels: Labels,
        device: torch.device,
        present: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.images: Tensor | Streamed = hold(images, device)
        self.heatmaps: Tensor | None = None
        self.labels = torch.tensor(labels, device=device)
        self.targets = self.labels if present is None else torch.tensor(present, device=device).float()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def on_device(self) -> bool:
        """Whether the images are there already, so that a step need not wait for the disk."""
        return isinstance(self.images, Tensor)

    def add_heatmaps(self, heatmaps: Heatmaps) -> None:
        """From here on batches have the box heatmaps as channels, if any image of the split has a box."""
        self.heatmaps = torch.from_numpy(heatmaps).to(self.labels.device) if heatmaps.any() else None

    def batches(self, batch_size: int) -> int:
        return math.ceil(len(self) / batch_size)

    def in_order(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All images as they are stored: float32 (B, 3, S, S) in [-1, 1] and int64 (B,)."""
        for start in range(0, len(self), batch_size):
            rows = slice(start, start + batch_size)
            yield self.inputs(rows), self.labels[rows]

    def inputs(self, rows: Tensor | slice) -> Tensor:
        """These rows as they are stored: float32 (B, 3, S, S) in [-1, 1]."""
        return to_input(self.images[rows])

    def order(self, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, ...]:
        """The rows of an epoch's batches, int64 (B,) each on the device; the last may be smaller."""
        if recipe.sampler == "balanced":
            weights = self.class_weights().cpu()[self.labels.cpu()]
            order = torch.multinomial(weights, len(self), replacement=True, generator=generator)
        else:
            order = torch.randperm(len(self), generator=generator) if recipe.shuffle else torch.arange(len(self))
        return tuple(order.to(self.labels.device).split(recipe.batch_size))

    def class_weights(self) -> Tensor:
        """By class N / (K n), n of the N images being of it, K classes having any: float32, up to the last label."""
        counts = torch.bincount(self.labels)
        return len(self) / ((counts > 0).sum() * counts.clamp(min=1)).float()

    def loss_weights(self) -> Tensor:
        """What makes classes count alike in the loss, float32 (K,).

        The weights of the classes; or, where an image shows several, for each how many images do not show it by how
        many do.
        """
        if self.targets is self.labels:
            return self.class_weights()
        shown = self.targets.sum(0)
        return (len(self) - shown) / shown.clamp(min=1)

    def batch(self, rows: Tensor, epoch: int, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """These rows as an epoch, counted from 1, has them: float32 (B, C, s, s) in [-1, 1], and their targets.

        C is 3, or 3 + K with the box heatmaps.
        """
        images, stored = self.images[rows], self.images.shape[1]
        if self.heatmaps is not None:
            images = torch.cat([images, as_channels(self.heatmaps[rows], stored)], dim=3)
        inputs = to_input(augment(images, recipe, generator))
        return vary(inputs, recipe, side_in(epoch, recipe, stored), generator), self.targets[rows]


class Features(Split):
    """A split whose images are features, float32 (N, F), as the last layer of a frozen network gets them."""

    def __init__(self, features: Tensor, split: Split) -> None:
        self.images = features
        self.labels, self.targets, self.heatmaps, self.channels = split.labels, split.targets, None, features.shape[1]

    def inputs(self, rows: Tensor | slice) -> Tensor:
        """These rows: float32 (B, F)."""
        return self.images[rows]

    def batch(self, rows: Tensor, epoch: int, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """These rows, float32 (B, F), and their targets: the same in each epoch."""
        return self.images[rows], self.targets[rows]


def subset(labels: Labels, fraction: float) -> npt.NDArray[np.int64]:
    """Rows of a fraction of each class, at least one, in their order; a smaller one is a part of a larger one."""
    draws = np.random.default_rng(0)  # not the run's seed: every run of a fraction sees the same images
    rows = []
    for label in np.unique(labels):
        own = draws.permutation(np.flatnonzero(labels == label))
        rows.append(own[: max(1, round(fraction * len(own)))])
    return np.sort(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)


def hold_out(labels: Labels, rows: npt.NDArray[np.int64], fraction: float) -> tuple[npt.NDArray[np.int64], ...]:
    """Rows without a fraction of each class, and that fraction: the training images and the holdout."""
    chosen = subset(labels[rows], fraction) if fraction else np.zeros(0, dtype=np.int64)
    return np.delete(rows, chosen), rows[chosen]


def to_input(images: Tensor) -> Tensor:
    """Scales uint8 (B, S, S, C) in 0..255 to float32 (B, C, S, S) in [-1, 1]."""
    return images.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1.0)
