"""Ids of photos in their file names."""

import re
from pathlib import PurePosixPath

COCO_ID = re.compile(r"(?<!\d)000\d{9}(?!\d)")
"""COCO writes ids with twelve digits, of which the first are zeros, as in `COCO_train2014_000000123456.jpg`; twelve
digits of another kind are often a date and time."""

BARE_ID = re.compile(r"[1-9]\d{5,17}")
"""From six digits on a number is an id; shorter ones also count the photos of a folder: `cat/1.jpg`, `dog/1.jpg`."""


def photo_id(file: str) -> int | None:
    """The id in a file's name that identifies photos wherever they are; None where there is none.

    Args:
        file: A path; only the name counts.
    """
    stem = PurePosixPath(file).stem
    if found := COCO_ID.findall(stem):
        return int(found[-1])
    return int(stem) if BARE_ID.fullmatch(stem) else None


def number(file: str) -> int | None:
    """The id in a file's name, short numbers too: for a look-up in a list of ids, where a count does little harm."""
    stem = PurePosixPath(file).stem
    found = photo_id(file)
    return int(stem) if found is None and re.fullmatch(r"[0-9]{1,18}", stem) else found
