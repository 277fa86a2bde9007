"""Near-duplicates: changed copies are found, other photos and flat ones are not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from tests.data.conftest import drawing, encoded

from bakeoff.data.build import to_pixels
from bakeoff.data.duplicates import near as module
from bakeoff.data.duplicates.fingerprints import Fingerprints, fingerprints
from bakeoff.data.duplicates.near import near_duplicates

SIDE = 32


def looks_of(raws: list[bytes]) -> Fingerprints:
    return fingerprints(np.stack([to_pixels(raw, SIDE, "area") for raw in raws]))


def cut(image: Image.Image, share: float) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: Image.open(io.BytesIO(encoded(image, quality=30))),
        lambda image: image.resize((90, 80)),
        lambda image: image.convert("L"),
        lambda image: cut(image, 0.02),
    ],
    ids=["same", "compressed", "resized", "grey", "cut"],
)
def test_changed_copies_are_found(change: Callable[[Image.Image], Image.Image]) -> None:
    originals = [drawing(seed, (240, 200)) for seed in range(12)]
    raws = [encoded(image) for image in originals] + [encoded(change(image)) for image in originals]
    assert near_duplicates(looks_of(raws)).tolist() == [[row, row + 12] for row in range(12)]


def test_other_photos_are_not() -> None:
    assert near_duplicates(looks_of([encoded(drawing(seed)) for seed in range(150)])).tolist() == []


def test_flat_photos_are_like_no_other() -> None:
    grey = [encoded(Image.new("RGB", (50, 50), (value,) * 3)) for value in (0, 0, 128, 130, 255)]
    assert near_duplicates(looks_of(grey)).tolist() == []


def test_a_horizon_makes_no_duplicate() -> None:
    def scene(seed: int) -> Image.Image:
        """Sky over sea, with other things in front."""
        image = Image.new("RGB", (120, 100), (200, 220, 240))
        image.paste((60, 80, 100), (0, 55, 120, 100))
        image.paste(drawing(seed, (40, 30)), (10 + 12 * seed, 20 + 8 * seed))
        return image

    looks = looks_of([encoded(scene(seed)) for seed in range(5)])
    assert (looks.copies @ looks.copies.T).min() > 0.75, "they do look similar"
    assert near_duplicates(looks).tolist() == []


@pytest.mark.parametrize("block", [1, 3, 100])
def test_the_block_changes_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    looks = looks_of([encoded(drawing(seed % 4)) for seed in range(10)])
    expected = [[a, b] for a in range(10) for b in range(a + 1, 10) if a % 4 == b % 4]
    monkeypatch.setattr(module, "BLOCK", block)
    assert sorted(near_duplicates(looks).tolist()) == expected
