"""Names of files as other tools write them, and the files that they mean."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.data.file_names import Listing, spelling

FILES = ("train/a.jpg", "val/a.jpg", "val/b.JPG", "Z\u00fcrich.png", "sub folder/c d.jpg")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("train\\a.jpg", "train/a.jpg"),
        ("./val/b.JPG", "val/b.JPG"),
        ("b.jpg", "val/b.JPG"),
        ("VAL/B.jpg", "val/b.JPG"),
        ("C:\\Users\\me\\photos\\val\\b.jpg", "val/b.JPG"),
        ("/home/me/val/a.jpg", "val/a.jpg"),
        ("../other/train/a.jpg", "train/a.jpg"),
        ("http://localhost:8080/data/upload/1/train/a.jpg?token=x", "train/a.jpg"),
        ("/data/local-files/?d=photos/train/a.jpg", "train/a.jpg"),
        ("/data/local-files/?d=photos%2Fsub%20folder%2Fc%20d.jpg", "sub folder/c d.jpg"),
        ("sub%20folder/c%20d.jpg", "sub folder/c d.jpg"),
        (unicodedata.normalize("NFD", "Z\u00fcrich.png"), "Z\u00fcrich.png"),
        ("images/Z\u00fcrich.png", "Z\u00fcrich.png"),
        ("a.jpg", None),  # of two folders
        ("other/a.jpg", None),
        ("d.jpg", None),
        ("http://[", None),
        ("", None),
        ("..", None),
    ],
)
def test_the_file_that_a_name_means(name: str, file: str | None) -> None:
    assert Listing(FILES).resolve([name], set()) == ({} if file is None else {name: file})


def test_a_file_that_two_names_of_other_folders_mean_is_that_of_neither() -> None:
    assert Listing(["x.jpg"]).resolve(["a/x.jpg", "b/x.jpg"], set()) == {}
    assert Listing(["x.jpg"]).resolve(["a/x.jpg", "a\\x.jpg"], set()) == {"a/x.jpg": "x.jpg", "a\\x.jpg": "x.jpg"}


def test_a_file_that_has_its_own_name_is_not_taken_for_that_of_another_folder() -> None:
    assert Listing(["x.jpg"]).resolve(["b/x.jpg"], {"x.jpg"}) == {}
    assert Listing(["x.jpg"]).resolve(["./X.jpg"], {"x.jpg"}) == {"./X.jpg": "x.jpg"}


def test_files_that_differ_by_case_are_told_apart() -> None:
    assert Listing(["a.jpg", "A.jpg"]).resolve(["a.JPG"], set()) == {}


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("a.jpeg", "train/a.jpg"),
        ("Z\u00fcrich", "Z\u00fcrich.png"),
        ("1a2b-Z\u00fcrich.png", "Z\u00fcrich.png"),
        ("zzz", None),
    ],
)
def test_the_nearest_file(name: str, near: str | None) -> None:
    assert Listing(FILES).nearest(name) == near


@given(st.lists(st.sampled_from(["a", "b", ".", "", "\u00e9"]), min_size=1, max_size=6), st.sampled_from("/\\"))
def test_one_spelling_of_one_path(parts: list[str], separator: str) -> None:
    name = separator.join([*parts, "x.jpg"])
    plain = "/".join([*(part for part in parts if part not in {"", "."}), "x.jpg"])
    found = pl.DataFrame({"name": [unicodedata.normalize("NFD", name)]}).select(spelling(pl.col("name"))).item()
    assert found.removeprefix("/") == plain
