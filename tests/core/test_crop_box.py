"""Regions in file names."""

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.geometry import CropBox, crop_box_of, photo_of

NUMBERS = st.integers(0, 10**9 - 1)


@given(st.text(max_size=20), st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_a_name_and_its_crop_box_come_apart(name: str, numbers: tuple[int, int, int, int]) -> None:
    whole = f"{name}#xywh={','.join(map(str, numbers))}"
    assert (photo_of(whole), crop_box_of(whole)) == (name, CropBox(*numbers))


@given(st.text(max_size=20))
def test_a_name_without_a_crop_box_is_the_photos(name: str) -> None:
    assert (photo_of(name), crop_box_of(name)) == (name, None)
    assert crop_box_of(f"{name}#xywh=1,2,3") is None
    assert crop_box_of(f"{name}#xywh=1,2,3,4.jpg") is None
