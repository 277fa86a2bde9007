"""Trees: what is found, what is skipped, and what is no tree."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.data.conftest import CLEAN, drawing, encoded, photo, plant

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import SourceError
from bakeoff.data.image_folder.tree import TreeImage, scan
from bakeoff.workflow import pipeline

Grow = Callable[[Mapping[str, int | bytes]], Path]
FLAT = {"dog/2.png": 2, "cat/1.JPG": 1}


def test_two_levels_have_their_splits(grow: Grow) -> None:
    tree = scan(grow(CLEAN))
    assert tree.splits == ("train", "val")
    assert tree.classes == ("cat", "dog")
    assert tree.photos[0] == TreeImage("train/cat/a.jpg", "cat", "train")
    assert [photo.file for photo in tree.photos] == sorted(CLEAN)
    assert tree.skipped == ()


def test_one_level_has_none(grow: Grow) -> None:
    tree = scan(grow(FLAT))
    assert tree.splits == (None,)
    assert tree.photos == (TreeImage("cat/1.JPG", "cat", None), TreeImage("dog/2.png", "dog", None))


def test_a_class_may_be_called_train(grow: Grow) -> None:
    tree = scan(grow({**FLAT, "train/3.jpg": 3, "train/.x": b""}))
    assert tree.classes == ("cat", "dog", "train")
    assert [entry.file for entry in tree.skipped] == ["train/.x"]


def test_what_is_skipped_is_listed(grow: Grow) -> None:
    odd = {"notes.txt": b"", "cat/.hidden.jpg": 1, "cat/readme.md": b"", "dog/inner/x.jpg": 1, ".git/x.jpg": 1}
    tree = scan(grow({**FLAT, **odd}))
    assert tree.classes == ("cat", "dog")
    assert [(entry.file, entry.reason) for entry in tree.skipped] == [
        (".git", "hidden"),
        ("cat/.hidden.jpg", "hidden"),
        ("cat/readme.md", "no photo by its suffix"),
        ("dog/inner", "a folder in a class's folder"),
        ("notes.txt", "not in a class's folder"),
    ]
    split = scan(plant(grow({**CLEAN, "test/cat/x.jpg": 1, "extra/cat/x.jpg": 1}), {}))
    assert ("extra", "neither train nor val nor test") in [(entry.file, entry.reason) for entry in split.skipped]
    assert split.splits == ("train", "val", "test")
    assert ("test/cat/x.jpg", "test") in [(photo.file, photo.split) for photo in split.photos]


def test_splits_go_by_several_names_in_any_case(grow: Grow) -> None:
    files = {
        "Train/cat/a.jpg": 1,
        "Train/dog/b.jpg": 2,
        "VALID/cat/c.jpg": 3,
        "VALID/dog/d.jpg": 4,
        "Test/cat/e.jpg": 5,
    }
    tree = scan(grow(files))
    assert tree.splits == ("train", "val", "test")
    assert [(photo.file, photo.split) for photo in tree.photos] == [
        *(("Test/cat/e.jpg", "test"), ("Train/cat/a.jpg", "train"), ("Train/dog/b.jpg", "train")),
        *(("VALID/cat/c.jpg", "val"), ("VALID/dog/d.jpg", "val")),
    ]


def test_what_systems_leave_and_empty_folders_are_no_classes(grow: Grow) -> None:
    left = {
        "@eaDir/a.jpg": 1,
        "__MACOSX/cat/a.jpg": 1,
        "cat/Thumbs.db": b"",
        "cow/notes.txt": b"",
        "cat/@eaDir/a.jpg": 1,
    }
    tree = scan(grow({**FLAT, **left}))
    assert tree.classes == ("cat", "dog")
    assert [entry.file for entry in tree.skipped] == [
        *("@eaDir", "__MACOSX", "cat/@eaDir", "cat/Thumbs.db", "cow", "cow/notes.txt")
    ]


def test_only_the_chosen_classes_are_checked(grow: Grow) -> None:
    tree = scan(grow({**CLEAN, "train/cow/f.jpg": 6}), ["dog", "cat"])
    assert (len(tree.photos), tree.classes) == (5, ("cat", "cow", "dog"))


def test_folders_in_folders_can_be_classes(grow: Grow) -> None:
    root = grow({"cat/a.jpg": 1, "dog/big/b.jpg": 2, "dog/small/c.jpg": 3})
    (root / "dog" / "round").symlink_to(root / "dog")
    tree = scan(root, nested=True)
    assert [(photo.label, photo.file) for photo in tree.photos] == [
        *(("cat", "cat/a.jpg"), ("dog/big", "dog/big/b.jpg"), ("dog/small", "dog/small/c.jpg"))
    ]
    assert [(entry.file, entry.reason) for entry in tree.skipped] == [("dog/round", "a link in a circle")]


def test_links_out_of_the_tree_are_followed_where_that_is_asked_for(grow: Grow, tmp_path: Path) -> None:
    root = grow({"cat/a.jpg": 1})
    (root / "dog").symlink_to(plant(tmp_path / "outside" / "dog", {"b.jpg": photo(2)}))
    assert scan(root, follow_links=True).photos[1] == TreeImage("dog/b.jpg", "dog", None)
    quotas = [f"data.{split}_per_class={count}" for split, count in (("train", 1), ("val", 0))]
    settings = ["data.classes=", "data.size=16", "data.workers=1", f"data.folder={root}", "data.follow_links=true"]
    assert pipeline.build(load_experiment("demo", [*quotas, *settings]), tmp_path / "out").info.counts["train"] == 2


def test_links_out_of_the_tree_are_not_followed(grow: Grow, tmp_path: Path) -> None:
    root = grow(FLAT)
    outside = plant(tmp_path / "outside", {"cow/secret.jpg": photo(9)})
    (root / "cow").symlink_to(outside / "cow")
    (root / "cat" / "out.jpg").symlink_to(outside / "cow" / "secret.jpg")
    (root / "cat" / "gone.jpg").symlink_to("nowhere.jpg")
    (root / "cat" / "round.jpg").symlink_to("round.jpg")
    (root / "dog" / "in.jpg").symlink_to(root / "cat" / "1.JPG")
    os.mkfifo(root / "dog" / "pipe.jpg")
    tree = scan(root)
    assert [photo.file for photo in tree.photos] == ["cat/1.JPG", "dog/2.png", "dog/in.jpg"]
    assert {entry.file: entry.reason for entry in tree.skipped} == {
        "cow": "a link that leaves the folder",
        "cat/out.jpg": "a link that leaves the folder",
        "cat/gone.jpg": "a broken link",
        "cat/round.jpg": "a broken link",
        "dog/pipe.jpg": "not a file",
    }


def test_a_name_that_is_no_text_is_skipped(grow: Grow) -> None:
    root = grow(FLAT)
    try:
        Path(os.fsdecode(bytes(root / "cat") + b"/\xff.jpg")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert [(entry.file, entry.reason) for entry in scan(root).skipped] == [
        ("cat/?.jpg", "its name is not valid UTF-8")
    ]


def test_the_tree_may_itself_be_a_link(grow: Grow, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(grow(FLAT))
    assert len(scan(tmp_path / "link").photos) == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no photos; a tree is DIR/train"),
        ({"a.jpg": 1}, r"holds no photos.* Skipped: a.jpg: not in a class's folder"),
        ({"cat/a.jpg": 1}, "holds one class only, 'cat'"),
        ({"train/cat/a.jpg": 1, "val/cat/b.jpg": 1}, "holds one class only, 'cat'"),
        ({**CLEAN, "train/cow/f.jpg": 6}, "class 'cow' is empty: .*val/cow holds no photos"),
        ({**CLEAN, "Valid/cat/f.jpg": 6}, "several folders for one split: .*Valid, .*val; keep one"),
        ({"train/cat/a.jpg": 1, "train/dog/b.jpg": 2}, "a folder train with classes in it, but no val"),
    ],
)
def test_what_is_no_tree(grow: Grow, tmp_path: Path, files: Mapping[str, int | bytes], message: str) -> None:
    (tmp_path / "tree").mkdir()
    with pytest.raises(SourceError, match=message):
        scan(grow(files))


@pytest.mark.parametrize("name", ["nowhere", "file", "a\0b"])
def test_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="is not a folder"):
        scan(tmp_path / name)


def test_portable_pixmaps_and_jfif_are_photos(grow: Grow, tmp_path: Path) -> None:
    """The format of the German traffic signs, and what Windows saves."""
    kinds = {"0/0.ppm": ("PPM", 1), "0/1.pgm": ("PPM", 2), "1/0.jfif": ("JPEG", 3), "1/1.jpg": ("JPEG", 4)}
    root = grow({file: encoded(drawing(seed), kind) for file, (kind, seed) in kinds.items()})
    given = [f"data.folder={root}", "data.classes=", "data.val_fraction=0.5", "data.size=16", "data.workers=1"]
    every = ("data.train_per_class=all", "data.val_per_class=all")
    dataset = pipeline.build(load_experiment("demo", [*given, *every]), tmp_path / "out")
    assert (dataset.info.counts, dataset.info.unreadable) == ({"train": 2, "val": 2}, 0)


def test_a_tree_without_validation_has_the_splits_of_its_folders(grow: Grow) -> None:
    files = {f"{split}/{name}/{n}.jpg": n for split in ("train", "test") for name in ("cat", "dog") for n in range(2)}
    assert scan(grow(files)).splits == ("train", "test")
