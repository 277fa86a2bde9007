"""The box around a mask, against pycocotools."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask

from bakeoff.data.coco.masks import box_of

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(shape=SHAPES, draws=st.data())
@settings(max_examples=200)
def test_the_box_of_a_run_length_encoding_is_pycocotools(shape: tuple[int, int], draws: st.DataObject) -> None:
    bits = draws.draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    pixels = np.asfortranarray(np.array(bits, dtype=np.uint8).reshape(shape))
    packed = mask.encode(pixels)
    flat = pixels.ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat, [2]])))
    runs = np.diff(np.concatenate([[0], changes])).tolist()
    expected = tuple(mask.toBbox(packed)) if pixels.any() else None
    for counts in (packed["counts"].decode(), runs):
        assert box_of({"size": list(shape), "counts": counts}) == expected


@pytest.mark.parametrize(
    "polygons",
    [
        [[1.5, 2, 11, 2, 11, 20.5]],
        [[1.5, 2, 4, 5, 3, 3], [5, 6, 11, 20.5, 7, 7]],
        [[[1.5, 2], [11, 2], [11, 20.5]]],
        [1.5, 2, 11, 2, 11, 20.5],
    ],
)
def test_the_box_of_polygons_holds_all_points(polygons: object) -> None:
    assert box_of(polygons) == (1.5, 2, 9.5, 18.5)


@pytest.mark.parametrize(
    "other",
    [
        *(None, [], [[]], {}, "abc", 7, [[1, 2, 3]], [["a", "b"]], {"size": [2, 2]}, {"counts": "abc", "size": [2]}),
        {"size": [2, 2], "counts": [0, 5]},  # more pixels than there are
        {"size": [2, 2], "counts": [4]},
        {"size": [0, 2], "counts": [0, 1]},
        {"size": [4, 4], "counts": "ooo"},  # cut off within a number
    ],
)
def test_what_holds_no_mask_has_no_box(other: object) -> None:
    assert box_of(other) is None
