"""The classes of a tree against an instances file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.data.selection.conftest import make_index

from bakeoff.data.audit.labels import check_labels
from bakeoff.data.audit.result import WrongLabel
from bakeoff.data.image_folder.tree import scan

Grow = Callable[[Mapping[str, int | bytes]], Path]
INDEX = make_index(
    {
        1: [("cat", 0.2, False)],
        2: [("cat", 0.2, False), ("dog", 0.1, True)],
        3: [("cow", 0.2, False)],
        4: [],
    },
    ["cat", "cow", "dog"],
)


def test_photos_are_found_by_name_and_id_and_judged(grow: Grow) -> None:
    files = ["cat/1.jpg", "cat/COCO_train2014_000000000002.png", "dog/2.jpg", "dog/3.jpg", "cat/4.jpg", "dog/other.jpg"]
    found = check_labels(scan(grow(dict.fromkeys(files, b""))), INDEX)
    assert found.annotations == "instances.json"
    assert (found.matched, found.unmatched, found.unknown_classes) == (5, ("dog/other.jpg",), ())
    assert found.wrong == (WrongLabel("cat/4.jpg", "cat", ()), WrongLabel("dog/3.jpg", "dog", ("cow",)))
    assert found.ambiguous == 2, "crowd annotations count"


def test_classes_that_are_no_categories_are_listed_not_judged(grow: Grow) -> None:
    found = check_labels(scan(grow({"cat/1.jpg": b"", "kitten/2.jpg": b""})), INDEX)
    assert found.unknown_classes == ("kitten",)
    assert (found.wrong, found.ambiguous) == ((), 0)
