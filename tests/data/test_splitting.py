"""Splits by a list and by groups."""

from pathlib import Path

import pytest
from tests.data.test_parts import experiment, fates, instances

from bakeoff.core.errors import ConfigError
from bakeoff.data.inputs import open_index

HELD = {f"clip{clip}/{clip}_{n}.jpg": ["cat", "dog"][n % 2] for clip in range(6) for n in range(4)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six clips of four frames, of two classes by turns."""
    return instances(tmp_path / "instances.json", HELD, {1: "cat", 2: "dog"})


@pytest.mark.parametrize("pattern", [r"clip\d", r"(\d)_\d", r"^([^/]*)/"])
def test_groups_stay_in_one_split(file: Path, pattern: str) -> None:
    given = experiment(f"data.annotations={file}", f"data.group_by='{pattern}'", "data.val_fraction=0.34")
    found = fates(given)
    assert {name: label for name, (_, label) in found.items()} == HELD
    splits = {
        clip: {split for name, (split, _) in found.items() if name.startswith(clip)}
        for clip in (f"clip{n}" for n in range(6))
    }
    assert all(len(own) == 1 for own in splits.values())
    assert sorted(split for own in splits.values() for split in own) == ["train"] * 4 + ["val"] * 2
    assert fates(given) == found


def test_a_list_gives_the_splits_and_what_is_not_listed_is_left_out_and_said(file: Path, tmp_path: Path) -> None:
    lines = ["file_name,label,split", "0_0.jpg,cat,train", "clip0/0_1.jpg,dog,Train", "0_2,cat,validation", "4,dog,VAL"]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    given = experiment(f"data.annotations={file}", f"data.split_list={tmp_path}/list.csv")
    assert fates(given) == {
        "clip0/0_0.jpg": ("train", "cat"),
        "clip0/0_1.jpg": ("train", "dog"),
        "clip0/0_2.jpg": ("val", "cat"),
        "clip0/0_3.jpg": ("val", "dog"),
    }
    (problem,) = open_index(given.data, None)[0].info.problems[-1:]
    assert (problem.code, problem.count) == ("no-split", 20)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.group_by='['", "is no regular expression"),
        ("data.group_by='nothing'", "finds 0 groups in the file names"),
        ("data.split_list=nowhere.csv", "nowhere.csv can't be read"),
        ("data.split_list={}", "lists no image of"),
    ],
)
def test_what_gives_no_splits(file: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_index(experiment(f"data.annotations={file}", override.format(file)).data, None)


def test_a_name_that_several_photos_have_is_no_name(tmp_path: Path) -> None:
    """`a/1.jpg`, `b/1.jpg` and the image with the id 1: the list's "1" may mean any of them, and means none."""
    held = {"x.jpg": "cat", "a/1.jpg": "cat", "b/1.jpg": "dog", "y.jpg": "dog"}
    file = instances(tmp_path / "instances.json", held, {1: "cat", 2: "dog"})
    (tmp_path / "list.csv").write_text("1,train\na/1.jpg,val\ny,train\n")
    index, _ = open_index(experiment(f"data.annotations={file}", f"data.split_list={tmp_path}/list.csv").data, None)
    assert dict(zip(index.images["file_name"], map(index.splits.get, index.images["image_id"]), strict=True)) == {
        "a/1.jpg": "val",
        "y.jpg": "train",
    }
