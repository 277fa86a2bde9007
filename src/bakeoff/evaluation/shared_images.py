"""Images on which two variants can be compared whose data sets differ."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bakeoff.core.storage import digest
from bakeoff.core.types import TRAIN, VAL, Images, Labels
from bakeoff.data.build.dataset import Dataset


@dataclass(frozen=True)
class SharedImages:
    """Validation images of either of two data sets that are in no training split and hold one target class.

    Attributes:
        digest: Of the two data sets.
        image_ids: int64 (N,).
        images: uint8 (N, S, S, 3), RGB.
        labels: int64 (N,).
    """

    digest: str
    image_ids: Labels
    images: Images
    labels: Labels


def images_digest(first: str, second: str) -> str:
    """The digest that the shared images of two data sets have, by theirs; the order does not matter."""
    return digest(sorted((first, second)))


def shared_images(first: Dataset, second: Dataset) -> SharedImages:
    """The images that are new to both data sets and unambiguous, those of the first before those of the second.

    Both must have the same classes, image size and way of resizing.
    """
    seen = set(pl.concat([first.rows(TRAIN)["image_id"], second.rows(TRAIN)["image_id"]]))
    found: list[tuple[int, int, Images]] = []
    for dataset in (first, second):
        rows = dataset.rows(VAL).select("image_id", "label", "annotated").rows()
        for position, (image_id, label, annotated) in enumerate(rows):
            if image_id not in seen and len(annotated) == 1:
                seen.add(image_id)
                found.append((image_id, label, dataset.images[VAL][position]))
    size = first.info.size
    return SharedImages(
        images_digest(first.info.digest, second.info.digest),
        np.array([image_id for image_id, _, _ in found], dtype=np.int64),
        np.array([image for _, _, image in found], dtype=np.uint8).reshape(-1, size, size, 3),
        np.array([label for _, label, _ in found], dtype=np.int64),
    )
