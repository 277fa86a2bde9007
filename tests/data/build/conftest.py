"""A selection by hand, and a source of its photos."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # worker processes are given this path, and import the samples from it

from dataset_samples import MemorySource, photos_of, selection_of

from bakeoff.data.selection.selection import Selection


@pytest.fixture
def selection() -> Selection:
    """Four training and two validation images of two classes; then reserves: 7 for "cat", 8 for both, 9 for none."""
    return selection_of(
        ("cat", "dog"),
        [
            (1, "train", "cat", ["cat"]),
            (2, "train", "cat", ["cat", "dog"]),
            (3, "val", "dog", ["dog"]),
            (4, "train", "dog", ["dog"]),
            (5, "train", "dog", ["dog"]),
            (6, "val", "cat", ["cat"]),
            (7, None, None, ["cat"]),
            (8, None, None, ["cat", "dog"]),
            (9, None, None, []),
        ],
    )


@pytest.fixture
def source(selection: Selection) -> MemorySource:
    """A photo for each image of `selection`."""
    return MemorySource(photos_of(selection))
