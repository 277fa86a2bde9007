"""Perceptual hashes and small copies."""

import numpy as np
import pytest
from tests.data.conftest import drawing

from bakeoff.data.duplicates.fingerprints import fingerprints, joined


def pictures(seeds: range, side: int = 32) -> np.ndarray:
    return np.stack([np.asarray(drawing(seed, (side, side))) for seed in seeds])


def test_shapes_and_ranges() -> None:
    looks = fingerprints(pictures(range(5)))
    assert (looks.hashes.dtype, looks.hashes.shape) == (np.uint64, (5,))
    assert (looks.copies.dtype, looks.copies.shape) == (np.float32, (5, 256))
    assert np.linalg.norm(looks.copies, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert looks.copies.mean(axis=1) == pytest.approx(np.zeros(5), abs=1e-6)


@pytest.mark.parametrize("side", [16, 24, 64])
def test_the_side_hardly_matters(side: int) -> None:
    one, other = fingerprints(pictures(range(20), 32)), fingerprints(pictures(range(20), side))
    assert np.bitwise_count(one.hashes ^ other.hashes).max() <= 10
    assert (one.copies * other.copies).sum(axis=1).min() > 0.9


def test_brightness_and_contrast_do_not_matter() -> None:
    images = pictures(range(20))
    dim = (images * 0.5 + 30).astype(np.uint8)
    one, other = fingerprints(images), fingerprints(dim)
    assert np.bitwise_count(one.hashes ^ other.hashes).max() <= 4
    assert (one.copies * other.copies).sum(axis=1).min() > 0.99


def test_different_photos_differ_in_half_of_the_bits() -> None:
    hashes = fingerprints(pictures(range(60))).hashes
    distances = np.bitwise_count(hashes[:, None] ^ hashes)[np.triu_indices(60, 1)]
    assert 28 < distances.mean() < 36


def test_flat_photos_have_no_copy() -> None:
    noise = np.random.default_rng(0).integers(120, 123, (1, 32, 32, 3), dtype=np.uint8)
    flat = np.concatenate([np.zeros((1, 32, 32, 3), np.uint8), np.full((1, 32, 32, 3), 200, np.uint8), noise])
    assert not fingerprints(flat).copies.any()


def test_blocks_and_parts_change_nothing() -> None:
    images = pictures(range(7))
    whole = fingerprints(images)
    parts = joined([fingerprints(images[:3]), fingerprints(images[3:3]), fingerprints(images[3:])])
    assert (whole.hashes == parts.hashes).all()
    assert whole.copies == pytest.approx(parts.copies, abs=1e-6)
    lots = fingerprints(images[:3], images[3:3], images[3:])
    assert (lots.hashes == parts.hashes).all()
    assert (lots.copies == parts.copies).all()
    assert joined([]).hashes.shape == (0,)
