"""Ids in file names."""

import pytest

from bakeoff.data.duplicates.names import number, photo_id


@pytest.mark.parametrize(
    ("file", "strict", "any_number"),
    [
        ("000000123456.jpg", 123456, 123456),
        ("train/cat/000000000009.jpg", 9, 9),
        ("COCO_train2014_000000123456.jpg", 123456, 123456),
        ("cat_000000123456_2.jpg", 123456, 123456),
        ("123456.jpg", 123456, 123456),
        ("9.jpg", None, 9),
        ("000012.png", None, 12),
        ("IMG_0001.jpg", None, None),
        ("202401311259.jpg", 202401311259, 202401311259),
        ("trip-202401311259.jpg", None, None),
        ("0000001234567.jpg", None, 1234567),
        ("²³.jpg", None, None),
        ("cat.jpg", None, None),
    ],
)
def test_ids_of_photos(file: str, strict: int | None, any_number: int | None) -> None:
    assert photo_id(file) == strict
    assert number(file) == any_number
