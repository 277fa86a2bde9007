"""Photos that look the same."""

import numpy as np
import numpy.typing as npt

from bakeoff.data.duplicates.fingerprints import Fingerprints

DISTANCE = 10
"""Bits of 64 by which the hashes of one photo may differ.

Measured on 134 COCO photos of full size. After JPEG compression at quality 30, at half the size, at 100 x 75, with the
contrast changed, or in grey, the hash differs by at most 4 bits; with a border of 2 % cut off by at most 10, of 3 % in
nineteen of twenty cases. Of the 10,122,750 pairs of 4,500 COCO photos at 64 pixels, 15 come that near: two of them are
near-duplicates, with 4 bits, and the other 13, with 10 bits, are not."""

CORRELATION = 0.9
"""The least correlation of the 16 x 16 grey copies of one photo.

Of the 15 pairs above, the two near-duplicates (two frames of a street, two versions of a poster) have 0.93; of the
others, most of them planes in the sky, none has more than 0.84. Copies that are compressed, resized or in grey have
0.99 and more, and 0.90 with a border of 2 % cut off; with 5 % two of three copies are missed. By correlation alone 174
pairs would pass, nearly all of different photos with the same horizon. At 8, 16 and 32 pixels a photo, the same two
pairs pass both thresholds and no other."""

BLOCK = 256
"""Rows of the table of distances at a time: with 100,000 photos some hundred megabytes."""


def near_duplicates(photos: Fingerprints) -> npt.NDArray[np.int64]:
    """The pairs of photos that look the same: near by their hashes, and confirmed by their small copies.

    A flat photo is like no other. All pairs are compared, 64 bits each: 10,000 photos take half a second, and ten
    times as many a hundred times as long.

    Returns:
        int64 (P, 2): rows, the lower first, ascending.
    """
    rows = np.flatnonzero(photos.copies.any(axis=1))
    hashes, copies = photos.hashes[rows], photos.copies[rows]
    pairs = [np.empty((0, 2), np.int64)]
    for start in range(0, len(rows), BLOCK):
        distances = np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes[start:])
        first, second = np.nonzero(distances <= DISTANCE)
        first, second = first[first < second], second[first < second]
        pairs.append(_confirmed(first, second, copies[start:]) + start)
    return np.asarray(rows[np.concatenate(pairs)], dtype=np.int64)


def _confirmed(
    first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], copies: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """Those pairs whose copies correlate: int64 (P, 2)."""
    left, row = np.unique(first, return_inverse=True)
    right, column = np.unique(second, return_inverse=True)
    alike = (copies[left] @ copies[right].T)[row, column] >= CORRELATION
    return np.stack([first[alike], second[alike]], axis=1)
