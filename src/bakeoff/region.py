"""A region of a photo, named as in a web address: `photo.jpg#xywh=10,20,64,48` (W3C, Media Fragments URI 1.0)."""

import re
from typing import NamedTuple

FRAGMENT = re.compile(r"#xywh=(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})\Z")


class Region(NamedTuple):
    """A rectangle of whole pixels."""

    left: int
    top: int
    width: int
    height: int


def photo_of(name: str) -> str:
    """The photo's own file name."""
    return FRAGMENT.sub("", name)


def region_of(name: str) -> Region | None:
    """The region that a file name has at its end; null for the whole photo."""
    found = FRAGMENT.search(name)
    return Region(*map(int, found.groups())) if found else None
