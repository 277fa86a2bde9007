"""Duplicates: their groups, the evidence, and the borders that they cross."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.conftest import drawing

from bakeoff.data.duplicates.fingerprints import Fingerprints, fingerprints
from bakeoff.data.duplicates.groups import ImageFile, find_duplicates

PICTURES = fingerprints(np.stack([np.asarray(drawing(seed, (32, 32))) for seed in range(8)]))
NOTHING = Fingerprints(np.zeros(0, np.uint64), np.zeros((0, 256), np.float32))
NO_ROWS = np.zeros(0, np.int64)


@pytest.mark.parametrize(
    ("second", "across"),
    [
        (ImageFile("b", "cat", "train"), ()),
        (ImageFile("b", "cat", "val"), ("splits",)),
        (ImageFile("b", "dog", "train"), ("classes",)),
        (ImageFile("b", "dog", "val"), ("splits", "classes")),
    ],
)
def test_borders(second: ImageFile, across: tuple[str, ...]) -> None:
    places = [second, ImageFile("a", "cat", "train"), ImageFile("c", "cow", "val")]
    (group,) = find_duplicates(places, {"bytes": ["x", "x", "y"]}, NOTHING, NO_ROWS)
    assert (group.files, group.evidence, group.across) == (("a", "b"), ("bytes",), across)


def test_evidence_joins_chains() -> None:
    places = [ImageFile(name, "cat", None) for name in "abcdef"]
    keys = {"file name": [1, 1, None, None, 2, 3], "bytes": [None, "x", "x", None, "y", "z"]}
    looks = PICTURES[np.array([0, 1, 1, 1, 3, 4])]
    (group,) = find_duplicates(places, keys, looks)
    assert group.files == ("a", "b", "c", "d")
    assert group.evidence == ("file name", "bytes", "pixels")


def test_none_is_no_evidence_and_leaks_come_first() -> None:
    places = [
        ImageFile("a", "cat", None),
        ImageFile("b", "cat", None),
        ImageFile("c", "cat", None),
        ImageFile("d", "dog", None),
    ]
    groups = find_duplicates(places, {"bytes": [None, None, None, None]}, PICTURES[np.array([0, 0, 1, 1])])
    assert [group.files for group in groups] == [("c", "d"), ("a", "b")]
    assert all(group.evidence == ("pixels",) for group in groups)


@given(st.data(), st.lists(st.tuples(st.sampled_from(["cat", "dog"]), st.integers(0, 7)), max_size=14))
def test_the_order_does_not_matter(data: st.DataObject, photos: list[tuple[str, int]]) -> None:
    rows = [(ImageFile(f"{number}", label, None), seed) for number, (label, seed) in enumerate(photos)]

    def groups(rows: list[tuple[ImageFile, int]]) -> object:
        seeds = np.array([seed for _, seed in rows], dtype=np.int64)
        keys = {"bytes": [seed if seed % 2 else None for seed in seeds.tolist()]}
        return find_duplicates([place for place, _ in rows], keys, PICTURES[seeds])

    found = groups(rows)
    assert groups(data.draw(st.permutations(rows))) == found
    shown = [seed for _, seed in photos]
    assert sorted(len(group.files) for group in found) == sorted(n for s in {*shown} if (n := shown.count(s)) > 1)
