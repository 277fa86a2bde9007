"""How a photo becomes square."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.geometry import Frame, frame

SIDES = st.integers(1, 2000)
SIZES = st.integers(8, 300)


@given(SIDES, SIDES, SIZES, st.sampled_from(["stretch", "letterbox", "center-crop"]))
def test_what_is_shown_lies_in_the_photo_and_in_the_image(length: int, other: int, size: int, resize: str) -> None:
    found = frame(resize, length, other, size)
    assert 0 <= found.begin < found.begin + found.extent <= length
    assert 0 <= found.first < found.first + found.count <= size


@given(SIDES, SIDES, SIZES)
def test_only_a_letterbox_has_bars_and_only_a_crop_leaves_something_out(length: int, other: int, size: int) -> None:
    assert frame("stretch", length, other, size) == Frame(0, length, 0, size)
    crop = frame("center-crop", length, other, size)
    assert (crop.extent, crop.count) == (min(length, other), size)
    assert abs(crop.begin - (length - crop.extent - crop.begin)) <= 1, "in the middle"
    box = frame("letterbox", length, other, size)
    assert (box.begin, box.extent) == (0, length)
    assert abs(box.first - (size - box.count - box.first)) <= 1, "in the middle"
    if length >= other:
        assert box.count == size
    else:
        assert abs(box.count - size * length / other) <= max(0.5, 1 - size * length / other), "the aspect ratio stays"


@pytest.mark.parametrize(
    ("resize", "length", "other", "expected"),
    [
        ("stretch", 200, 100, (0.25, 0.5)),
        ("letterbox", 200, 100, (0.25, 0.5)),
        ("letterbox", 100, 200, (0.375, 0.25)),
        ("center-crop", 200, 100, (0.0, 1.0)),
        ("center-crop", 100, 200, (0.25, 0.5)),
    ],
)
def test_a_box_stays_on_its_object(resize: str, length: int, other: int, expected: tuple[float, float]) -> None:
    found = frame(resize, length, other, 64).project(0.25, 0.5, length, 64)
    assert found == pytest.approx(expected)
