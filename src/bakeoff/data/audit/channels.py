"""Whether the photos of a tree have red and blue swapped, as `cv2.imwrite` leaves pixels that were read as RGB."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bakeoff.core.errors import ImageError
from bakeoff.core.mistake import Mistake
from bakeoff.core.types import Images
from bakeoff.data.duplicates.names import photo_id
from bakeoff.data.image_folder.tree import Tree
from bakeoff.data.photo_formats import SUFFIXES

COMPARED = 64
"""Photos that are compared at most: all of a tree were written by the same lines."""

CLOSER = 0.5
"""A photo counts as swapped where the mean difference to the original is below this fraction of that without swapping,
and as not swapped the other way round; grey photos and others in between say nothing."""


def find_swapped_channels(tree: Tree, originals: Path, decode: Callable[[bytes], Images]) -> tuple[int, Mistake | None]:
    """Compares photos of a tree with their originals, found by name or the id in it.

    Args:
        tree: What was handed in.
        originals: A folder with the photos as they were.
        decode: Gives a photo's pixels, uint8 (S, S, 3), RGB, S the same for all, or raises `ImageError`.

    Returns:
        How many photos could be compared, and the mistake; None where most are as the originals.
    """
    votes = list(_votes(tree, originals, decode))
    if 2 * sum(votes) <= len(votes):
        return len(votes), None
    return len(votes), Mistake(
        "bgr",
        f"Red and blue are swapped in {sum(votes):,} of {len(votes):,} photos that were compared with the originals: "
        "BGR pixels, as OpenCV reads them, were written or used as RGB.",
    )


def _votes(tree: Tree, originals: Path, decode: Callable[[bytes], Images]) -> Iterator[bool]:
    known = {_key(path.name): path for path in originals.rglob("*") if path.suffix.lower() in SUFFIXES}
    pairs = [(tree.root / own.file, known[_key(own.file)]) for own in tree.photos if _key(own.file) in known]
    for own, original in pairs[:: math.ceil(len(pairs) / COMPARED) or 1]:
        try:
            here, there = (decode(path.read_bytes()).astype(np.float64) for path in (own, original))
        except (ImageError, OSError):
            continue
        plain, swapped = np.abs(here - there).mean(), np.abs(here[..., ::-1] - there).mean()
        if min(plain, swapped) < CLOSER * max(plain, swapped):
            yield bool(swapped < plain)


def _key(file: str) -> int | str:
    found = photo_id(file)
    return Path(file).stem if found is None else found
