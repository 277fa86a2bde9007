"""Geometry of photos: crop boxes named in file names, and how a photo becomes a square image."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Resize = Literal["stretch", "letterbox", "center-crop"]

GREY = 114
"""What a letterbox fills its bars with, in each channel; detectors are commonly trained with it (YOLOv5)."""
RESIZES: dict[Resize, str] = {
    "stretch": "stretched to a square",
    "letterbox": f"fitted into a square between bars of grey {GREY}",
    "center-crop": "its largest square in the middle",
}
"""What each way does to a photo, in words."""


@dataclass(frozen=True)
class Frame:
    """Pixels `begin` to `begin + extent` of the photo become pixels `first` to `first + count` of the image."""

    begin: int
    extent: int
    first: int
    count: int

    def project(self, begin: float, extent: float, length: int, size: int) -> tuple[float, float]:
        """Where a box lies along this side: begin and extent as shares of the photo's side to shares of the image's.

        What the image does not show is cut off.
        """
        ends = ((end * length - self.begin) / self.extent * self.count + self.first for end in (begin, begin + extent))
        low, high = (min(max(end, self.first), self.first + self.count) / size for end in ends)
        return low, high - low


def frame(
    resize: Resize,
    length: int,
    other: int,
    size: int,
    smaller: Callable[..., Any] = min,  # numbers, or nodes of a traced graph
    larger: Callable[..., Any] = max,
) -> Frame:
    """How one side of a photo becomes a side of a square image.

    Args:
        resize: "stretch" takes the whole photo and changes its aspect ratio; "letterbox" keeps it, between two grey
            bars; "center-crop" keeps it too and takes the largest square in the middle.
        length: The side, in pixels.
        other: The photo's other side.
        size: Side of the image.
        smaller: Gives the smaller of two numbers; a traced graph has its own.
        larger: Gives the larger of two numbers.
    """
    if resize == "center-crop":
        side = smaller(length, other)
        return Frame((length - side) // 2, side, 0, size)
    if resize == "letterbox":
        longest = larger(length, other)
        count = larger((2 * size * length + longest) // (2 * longest), 1)
        return Frame(0, length, (size - count) // 2, count)
    return Frame(0, length, 0, size)


SIDEWAYS = 5
"""EXIF's orientations from here on exchange width and height (Exif 2.3, 4.6.4)."""
ROUNDED = 0.02
"""By this fraction an aspect ratio may differ from the stated one: scaled copies are rounded."""
FRAGMENT = re.compile(r"#xywh=(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})(?:&size=(\d{1,9}),(\d{1,9}))?\Z")
"""A crop box, and the width and height of the photo that it is of, as the annotations state them."""


class CropBox(NamedTuple):
    """A rectangle of whole pixels."""

    left: int
    top: int
    width: int
    height: int


def photo_of(name: str) -> str:
    """The photo's own file name."""
    return FRAGMENT.sub("", name)


def crop_box_of(name: str) -> CropBox | None:
    """The crop box that a file name has at its end; None for the whole photo."""
    found = FRAGMENT.search(name)
    return CropBox(*map(int, found.groups()[:4])) if found else None


def cropped_size_of(name: str) -> tuple[int, int] | None:
    """The stated width and height of the photo of a crop; None where the file name has none."""
    found = FRAGMENT.search(name)
    return (int(found[5]), int(found[6])) if found and found[5] else None
