"""The audit of a tree: planted faults, and a clean tree without any."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from tests.data.conftest import CLEAN, drawing, encoded

from bakeoff.data.audit import audit as check
from bakeoff.data.audit.audit import THUMBNAIL, audit_tree
from bakeoff.data.audit.result import Audit
from bakeoff.data.build import to_pixels
from bakeoff.data.image_folder.tree import scan
from bakeoff.data.source import open_source

Grow = Callable[[Mapping[str, int | bytes]], Path]


def audit(root: Path, told: list[tuple[int, int]] | None = None) -> Audit:
    decode = partial(to_pixels, size=THUMBNAIL, filter_name="area")
    progress = (lambda done, total: told.append((done, total))) if told is not None else lambda done, total: None
    return audit_tree(scan(root), open_source(str(root)).read, decode, progress=progress)


def test_a_clean_tree_has_no_faults(grow: Grow) -> None:
    told: list[tuple[int, int]] = []
    found = audit(grow(CLEAN), told)
    assert found.counts == {"train": {"cat": 2, "dog": 1}, "val": {"cat": 1, "dog": 1}}
    assert found.imbalance == {"train": 2.0, "val": 1.0}
    assert (found.unreadable, found.skipped, found.duplicates, found.leaks, found.labels) == ((), (), (), (), None)
    assert told == [(done, 5) for done in range(1, 6)]


@pytest.mark.parametrize(
    ("files", "evidence", "across"),
    [
        ({"val/cat/again.jpg": 1}, ("bytes",), ("splits",)),
        ({"train/dog/again.jpg": 1}, ("bytes",), ("classes",)),
        ({"train/cat/again.jpg": 1}, ("bytes",), ()),
        ({"val/dog/small.jpg": encoded(drawing(1).resize((40, 40)))}, ("pixels",), ("splits", "classes")),
        (
            {"train/cat/000000123456.jpg": 11, "val/cat/COCO_train2014_000000123456.jpg": 12},
            ("file name",),
            ("splits",),
        ),
    ],
)
def test_a_photo_that_occurs_twice(
    grow: Grow, files: Mapping[str, int | bytes], evidence: tuple[str, ...], across: tuple[str, ...]
) -> None:
    (group,) = audit(grow({**CLEAN, **files})).duplicates
    assert {*files} <= {*group.files}
    assert (group.evidence, group.across) == (evidence, across)


def test_counts_as_file_names_are_no_ids(grow: Grow) -> None:
    assert audit(grow({"cat/1.jpg": 1, "dog/1.jpg": 2, "cat/000002.jpg": 3, "dog/000002.jpg": 4})).duplicates == ()


def test_unreadable_photos_are_listed_and_still_compared_by_bytes(grow: Grow) -> None:
    found = audit(grow({**CLEAN, "train/cat/x.jpg": b"no photo", "val/cat/x.jpg": b"no photo", "val/dog/y.jpg": b""}))
    assert [entry.file for entry in found.unreadable] == ["train/cat/x.jpg", "val/cat/x.jpg", "val/dog/y.jpg"]
    assert "is not a JPEG" in found.unreadable[0].reason
    assert found.unreadable[2].reason == "an empty file"
    assert [group.files for group in found.leaks] == [("train/cat/x.jpg", "val/cat/x.jpg")]


def test_many_photos_are_compared_in_blocks(grow: Grow, monkeypatch: pytest.MonkeyPatch) -> None:
    root = grow({f"{'cat' if seed % 2 else 'dog'}/{seed}.png": encoded(drawing(seed % 7), "PNG") for seed in range(9)})
    whole = audit(root)
    monkeypatch.setattr(check, "BLOCK", 2)
    assert audit(root) == whole
    assert [group.files for group in whole.leaks] == [] or all(group.across for group in whole.leaks)
    assert [group.files for group in whole.duplicates] == [("cat/1.png", "dog/8.png"), ("cat/7.png", "dog/0.png")]
