"""What networks look at, on some validation images; `explanations.json`."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import estimate


class Explanation(msgspec.Struct, frozen=True):
    """What one variant's first finished run looks at; lists are by image.

    Attributes:
        variant: The variant.
        seed: The run's.
        reason: Why nothing is known, else empty.
        layer: The layer that the saliency is of; empty where the network has no convolution.
        image_ids: The images, in the order of the data set.
        photos: The photo that each is from, as a number; of crops one photo may give several.
        labels: Their classes, by name.
        predicted: What the network predicts, likewise.
        shares: The share of the saliency that falls in the boxes of the image's class, 0 to 1; None where there is no
            saliency, or no box.
        areas: The share of the image's area that these boxes cover: what saliency anywhere would give; None likewise.
        saliency: uint8 (N, side, side), the largest of each image 255.
        side: Cells of a side of the saliency; 0 without.
        points: By image its place on the plane of the two principal axes of the features before the last layer.
        variances: The share of the features' variance along each of the two.
        filters: uint8 (C, k, k, 3), RGB, of the first convolution; empty without.
        filter_shape: C and k and k and 3.
    """

    variant: str
    seed: int
    reason: str = ""
    layer: str = ""
    image_ids: tuple[int, ...] = ()
    photos: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    predicted: tuple[str, ...] = ()
    shares: tuple[float | None, ...] = ()
    areas: tuple[float | None, ...] = ()
    saliency: bytes = b""
    side: int = 0
    points: tuple[tuple[float, float], ...] = ()
    variances: tuple[float, float] = (0.0, 0.0)
    filters: bytes = b""
    filter_shape: tuple[int, int, int, int] = (0, 0, 0, 3)

    def __post_init__(self) -> None:
        """Raises `ValueError` where the parts do not fit together, as in a file that was altered."""
        count = len(self.image_ids)
        lists = (self.photos, self.labels, self.predicted, self.shares, self.areas, self.points or self.image_ids)
        if any(len(own) != count for own in lists) or len(self.saliency) != count * self.side**2:
            raise ValueError("its lists are not of one length")
        if len(self.filters) != math.prod(self.filter_shape) or min(self.filter_shape) < 0:
            raise ValueError("its filters have another shape than it says")


class Explanations(msgspec.Struct, frozen=True):
    """Of each variant; by variant the digest of the run's specification, and how many photos were asked for."""

    networks: tuple[Explanation, ...]
    runs: Mapping[str, str]
    photos: int
    schema: int = 1


class InBoxes(NamedTuple):
    """How much of the saliency of correct predictions falls in the boxes of their class.

    Attributes:
        images: How many there are.
        share: The mean share, with its 95 % interval over photos.
        area: The mean share of the area that the boxes cover: chance level.
        excess: Share minus area, image by image.
    """

    images: int
    share: Estimate
    area: float
    excess: Estimate


def in_boxes(own: Explanation) -> InBoxes | None:
    """Whether a network is right for the right reason; None where that can't be measured."""
    rows = [
        (share, area, photo)
        for share, area, photo, label, said in zip(
            own.shares, own.areas, own.photos, own.labels, own.predicted, strict=True
        )
        if label == said and share is not None and area is not None
    ]
    if not rows:
        return None
    shares, areas, photos = map(np.array, zip(*rows, strict=True))
    _, clusters = np.unique(photos, return_inverse=True)
    mean, excess = (estimate(values[None], clusters, fraction=False) for values in (shares, shares - areas))
    return InBoxes(len(rows), mean, float(areas.mean()), excess)


def principal_axes(features: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """Places on the plane of the two directions in which features vary most, and each one's share of the variance.

    Args:
        features: float32 (N, F).

    Returns:
        float64 (N, 2), the largest coordinate of each axis positive; zeros where there is no variance.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.maximum(values[::-1][:2], 0), vectors[:, ::-1][:, :2]
    total = float((centred**2).sum())
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), range(vectors.shape[1])])
    points = np.zeros((len(features), 2))
    points[:, : len(values)] = vectors * signs * np.sqrt(values)
    first, second = (*(values / total if total else values).tolist(), 0.0, 0.0)[:2]
    return points, (first, second)
