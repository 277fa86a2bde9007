"""A tree as an index."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.data.conftest import CLEAN, drawing, encoded

from bakeoff.data.image_folder.indexing import tree_index
from bakeoff.data.image_folder.tree import scan

Grow = Callable[[Mapping[str, int | bytes]], Path]


def test_each_photo_is_an_image_of_its_class(grow: Grow) -> None:
    index = tree_index(scan(grow({**CLEAN, "val/dog/wide.png": encoded(drawing(6, (90, 20)), "PNG")})))
    assert index.images.select("image_id", "file_name", "width", "height").rows()[-1] == (6, "val/dog/wide.png", 90, 20)
    assert index.images["file_name"].is_sorted()
    assert index.categories.select("category_id", "name").rows() == [(1, "cat"), (2, "dog")]
    assert index.annotations["category_id"].to_list() == [1, 1, 2, 1, 2, 2]
    assert index.annotations.select("x", "y", "width", "height", "area").row(-1) == (0, 0, 90, 20, 1800)
    assert not index.annotations["crowd"].any()
    assert index.splits == {1: "train", 2: "train", 3: "train", 4: "val", 5: "val", 6: "val"}


def test_one_level_leaves_the_splits_open(grow: Grow) -> None:
    assert tree_index(scan(grow({"cat/a.jpg": 1, "dog/b.jpg": 2}))).splits == {}


def test_a_header_that_can_not_be_read_is_one_pixel(grow: Grow) -> None:
    index = tree_index(scan(grow({"cat/a.jpg": b"no photo", "dog/b.jpg": 2, "dog/c.jpg": b""})))
    assert index.images.select("width", "height").rows() == [(1, 1), (60, 48), (1, 1)]


def test_the_digest_is_of_the_files_not_of_their_place(grow: Grow, tmp_path: Path) -> None:
    root = grow({"cat/a.jpg": 1, "dog/b.jpg": 2})
    first = tree_index(scan(root)).info.digest
    moved = root.rename(tmp_path / "moved")
    assert tree_index(scan(moved)).info.digest == first
    (moved / "dog" / "b.jpg").write_bytes(b"no photo")
    assert tree_index(scan(moved)).info.digest != first
