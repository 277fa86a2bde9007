"""Photos drawn from noise, and trees of them."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def drawing(seed: int, size: tuple[int, int] = (60, 48)) -> Image.Image:
    """A picture; each seed has its own. As in a photo, the finer a detail is, the weaker it is."""
    draws = np.random.default_rng(seed)
    picture = Image.new("RGB", size)
    for cells, weight in ((32, 1.0), (16, 2 / 3), (8, 2 / 3), (4, 2 / 3)):
        noise = Image.fromarray(draws.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        picture = Image.blend(picture, noise.resize(size, Image.Resampling.BICUBIC), weight)
    return picture


def encoded(image: Image.Image, kind: str = "JPEG", quality: int = 95) -> bytes:
    """The bytes of a picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return buffer.getvalue()


def photo(seed: int) -> bytes:
    """The bytes of a JPEG file; each seed has its own picture."""
    return encoded(drawing(seed))


def plant(root: Path, files: Mapping[str, bytes]) -> Path:
    """Writes files, by their paths, under a folder."""
    for file, raw in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(raw)
    return root


CLEAN = {
    "train/cat/a.jpg": 1,
    "train/cat/b.jpg": 2,
    "train/dog/c.jpg": 3,
    "val/cat/d.jpg": 4,
    "val/dog/e.jpg": 5,
}
"""A tree of two levels without a duplicate: by file the seed of its picture."""


@pytest.fixture
def grow(tmp_path: Path) -> Callable[[Mapping[str, int | bytes]], Path]:
    """Makes a tree; by file its bytes, or the seed of its picture."""

    def make(files: Mapping[str, int | bytes]) -> Path:
        raw = {file: photo(held) if isinstance(held, int) else held for file, held in files.items()}
        return plant(tmp_path / "tree", raw)

    return make
