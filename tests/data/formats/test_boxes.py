"""Boxes of photos in a folder, from any format."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.conftest import photo, plant

from bakeoff.data.formats.boxes import BOX, boxes_index, by_name, find_photos, image_table, problem, to_pixels


def test_hidden_files_and_what_systems_leave_are_no_photos(tmp_path: Path) -> None:
    files = ("b.jpg", "a/B.PNG", ".hidden/c.jpg", "__MACOSX/a/._b.jpg", "a/@eaDir/b.jpg", "notes.txt")
    plant(tmp_path, dict.fromkeys(files, b"x"))
    assert find_photos(tmp_path) == ["a/B.PNG", "b.jpg"]


def test_a_name_that_two_photos_have_names_neither() -> None:
    found = by_name(["a.jpg", "more/a.jpg", "more/b.png"])
    assert found == {
        "a.jpg": "a.jpg",
        "more/a": "more/a.jpg",
        "more/a.jpg": "more/a.jpg",
        **dict.fromkeys(("b", "b.png", "more/b", "more/b.png"), "more/b.png"),
    }


@given(left=st.integers(0, 59), width=st.integers(1, 60), digits=st.integers(6, 17))
def test_whole_pixels_come_back_from_fractions(left: int, width: int, digits: int) -> None:
    right = min(60, left + width)
    edges = {"left": left / 60, "top": 0.0, "right": right / 60, "bottom": 1.0}
    rounded = {side: round(value, digits) for side, value in edges.items()}
    boxes = pl.DataFrame([{"file_name": "a.jpg", "name": "cat", **rounded, "crowd": False}], schema=BOX)
    images = pl.DataFrame({"file_name": "a.jpg", "width": 60, "height": 48})
    assert to_pixels(boxes, images).select("left", "top", "right", "bottom").row(0) == (left, 0, right, 48)


def test_boxes_are_clipped_and_empty_ones_said(tmp_path: Path) -> None:
    plant(tmp_path, {"a.jpg": photo(1), "b.jpg": photo(2)})
    rows = [
        ("b.jpg", "dog", -5.0, 40.0, 70.0, 60.0, True),
        ("a.jpg", "cat", 50.0, 0.0, 40.0, 9.0, False),
        ("a.jpg", "cat", 70.0, 0.0, 80.0, 9.0, False),
        ("a.jpg", "cat", None, 0.0, 80.0, 9.0, False),
        ("a.jpg", "cat", float("nan"), 0.0, 80.0, 9.0, False),
    ]
    images = image_table(tmp_path, ["a.jpg", "b.jpg"])
    boxes = pl.DataFrame(rows, schema=BOX, orient="row")
    index = boxes_index(tmp_path, images, boxes, ["dog", "cat", "dog"], [problem("other", "entries", ())])
    assert index.annotations.rows() == [(1, 2, 1, 0.0, 40.0, 60.0, 8.0, 480.0, True)]
    assert index.categories.rows() == [(1, "dog", ""), (2, "cat", "")]
    assert [(each.code, each.count) for each in index.info.problems] == [("empty-box", 4)]


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        (["b"], "1 file is odd (b)"),
        (["b", "b", "a"], "3 files are odd (b, a)"),
        ("abcd", "4 files are odd (a, b, c, …)"),
    ],
)
def test_a_problem_shows_examples_once(examples: list[str], message: str) -> None:
    assert problem("odd", "files are odd", examples).message == message
