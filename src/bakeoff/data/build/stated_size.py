"""The size that annotations state for a photo, and the photo that is there: what boxes must go through to fit it."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from bakeoff.core.errors import ImageError
from bakeoff.core.geometry import ROUNDED, SIDEWAYS, CropBox
from bakeoff.data.selection.candidates import BOX
from bakeoff.data.selection.selection import Selection

Size = tuple[int, int]
"""Width and height in pixels."""

MISMATCH = "its annotations are for a photo of"


class Fit(NamedTuple):
    """How boxes of the stated size lie in the photo that is there.

    Attributes:
        across: Pixels of the photo for each stated pixel, along the width.
        down: Along the height.
        turn: The EXIF orientation (5 to 8) that turns boxes with the photo; 0 where they are of the upright photo.
    """

    across: float
    down: float
    turn: int = 0

    @property
    def is_scaled(self) -> bool:
        """Whether the photo has not the stated size."""
        return (self.across, self.down) != EXACT[:2]

    def scale(self, crop_box: CropBox) -> CropBox:
        """A crop box of the stated size, in the photo's pixels."""
        left, top = round(crop_box.left * self.across), round(crop_box.top * self.down)
        right = round((crop_box.left + crop_box.width) * self.across)
        return CropBox(left, top, right - left, round((crop_box.top + crop_box.height) * self.down) - top)


EXACT = Fit(1.0, 1.0)
"""Of a photo that is as its annotations state it."""


def fit(stated: Size, stored: Size, orientation: int) -> Fit:
    """How boxes that are made for a stated size lie in a photo: a scaled copy, or one that EXIF turns.

    Args:
        stated: Of the annotations.
        stored: Of the photo before EXIF turns it.
        orientation: Its EXIF orientation, 1 to 8.

    Raises:
        ImageError: The photo has another aspect ratio, turned or not.
    """
    upright = stored[::-1] if orientation >= SIDEWAYS else stored
    if _same_shape(stated, upright):
        return Fit(upright[0] / stated[0], upright[1] / stated[1])
    if orientation >= SIDEWAYS and _same_shape(stated, stored):
        return Fit(stored[0] / stated[0], stored[1] / stated[1], orientation)
    raise ImageError(f"it has {upright[0]} x {upright[1]} pixels, {MISMATCH} {stated[0]} x {stated[1]}")


def _same_shape(stated: Size, found: Size) -> bool:
    height, width = found[0] * stated[1] / stated[0], found[1] * stated[0] / stated[1]
    return abs(height - found[1]) <= max(1, ROUNDED * height) or abs(width - found[0]) <= max(1, ROUNDED * width)


def turn_boxes(selection: Selection, turns: Mapping[int, int]) -> Selection:
    """The selection with the boxes of some images turned with their photos, and width and height exchanged.

    Args:
        selection: Boxes are of the photos before EXIF turns them.
        turns: By image id the EXIF orientation, 5 to 8.
    """
    if not turns:
        return selection
    rows = selection.ledger.filter(pl.col("image_id").is_in([*turns])).to_dicts()
    for row in rows:
        row["boxes"] = [_turned(box, turns[row["image_id"]]) for box in row["boxes"]]
        row["width"], row["height"] = row["height"], row["width"]
    turned = pl.DataFrame(rows, schema=selection.ledger.schema).with_columns(pl.col("boxes").cast(pl.List(BOX)))
    ledger = pl.concat([selection.ledger.filter(~pl.col("image_id").is_in([*turns])), turned]).sort("image_id")
    return Selection(selection.info, ledger)


def _turned(box: Mapping[str, float], orientation: int) -> dict[str, float]:
    """A box in fractions of the stored photo as one of the upright photo (Exif 2.3, 4.6.4)."""
    far_x, far_y = 1 - box["x"] - box["width"], 1 - box["y"] - box["height"]
    x = {5: box["y"], 6: far_y, 7: far_y, 8: box["y"]}[orientation]
    y = {5: box["x"], 6: box["x"], 7: far_x, 8: far_x}[orientation]
    return {**box, "x": x, "y": y, "width": box["height"], "height": box["width"]}
