"""Folders of classes: ordinary names stay, hostile ones are made harmless, and none is used twice."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data.build.names import folder_names


@pytest.mark.parametrize("name", ["cat", "hot dog", "T-shirt (blue)", "Übergrößenträger", "कुत्ता", "犬", "a_b", "1.5"])
def test_ordinary_names_stay(name: str) -> None:
    assert folder_names([name]) == {name: name}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b", "a_b"),
        ("..", "_"),
        (".", "_"),
        ("../../etc", "_.._etc"),
        (".hidden", "hidden"),
        ("end. ", "end"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("a\0b\nc\td", "a_b_c_d"),
        ("c:\\x", "c__x"),
        ("x" * 500, "x" * 60),
        ("a\u2028b\u202ec", "a_b_c"),
        ("   ", "_"),
    ],
)
def test_hostile_names_are_made_harmless(name: str, expected: str) -> None:
    assert folder_names([name])[name] == expected


def test_names_that_differ_in_case_only_get_folders_of_their_own() -> None:
    assert list(folder_names(["cat", "Cat", "CAT", "cat-2"]).values()) == ["cat", "Cat-2", "CAT-3", "cat-2-2"]


@settings(max_examples=50)
@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
def test_every_name_is_one_folder_of_its_own(classes: list[str]) -> None:
    folders = folder_names(classes)
    assert list(folders) == classes
    assert len({folder.casefold() for folder in folders.values()}) == len(classes)
    for folder in folders.values():
        assert Path(folder).name == folder
        assert folder.strip(". ") == folder
        assert len(folder.encode()) <= 255
