"""Splits by a list and by groups."""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.data.test_parts import experiment, fates, instances

from bakeoff.core.errors import ConfigError
from bakeoff.data.index import Index
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
        ("data.group_by=field:video_id", "have no field 'video_id'"),
        ("data.split_list=nowhere.csv", "nowhere.csv can't be read"),
        ("data.split_list={}", "lists no image of"),
        ("data.split_list=field:file_name", "the field 'file_name' of the images names no split \\('clip0/0_0.jpg'\\)"),
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


@pytest.mark.parametrize("kind", [int, str, float])
def test_groups_of_a_field_stay_in_one_split(file: Path, kind: type) -> None:
    content = json.loads(file.read_text())
    for image in content["images"]:
        image["video"] = kind(image["file_name"][4])
    content["images"].append({"id": 99, "file_name": "none.jpg", "width": 9, "height": 9})
    file.write_text(json.dumps(content))
    given = experiment(f"data.annotations={file}", "data.group_by=field:video", "data.val_fraction=0.34")
    found = fates(given)
    splits = {(name[:5], split) for name, (split, _) in found.items()}
    assert len(splits) == 6
    assert sorted(split for _, split in splits) == ["train"] * 4 + ["val"] * 2
    (problem,) = open_index(given.data, None)[0].info.problems
    assert (problem.code, problem.count) == ("no-split", 1)


def test_a_field_may_name_the_split(file: Path) -> None:
    content = json.loads(file.read_text())
    for image in content["images"]:
        image["subset"] = {"0": "Validation", "1": "test", "2": "none"}.get(image["file_name"][4], "train")
    file.write_text(json.dumps(content))
    index, _ = open_index(experiment(f"data.annotations={file}", "data.split_list=field:subset").data, None)
    assert Counter(index.splits.values()) == {"train": 12, "val": 4, "test": 4}
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("no-split", 4)]


@pytest.mark.parametrize("field", ["license", "coco_url", "file_name"])
def test_any_field_of_an_image_may_be_that_of_its_group(file: Path, field: str) -> None:
    content = json.loads(file.read_text())
    for image in content["images"]:
        if field != "file_name":
            image[field] = int(image["file_name"][4]) if field == "license" else image["file_name"][:5]
    file.write_text(json.dumps(content))
    index, _ = open_index(experiment(f"data.annotations={file}", f"data.group_by=field:{field}").data, None)
    groups = {(image if field == "file_name" else image[:5], index.splits[n]) for n, image in _files(index)}
    assert len(groups) == (24 if field == "file_name" else 6)


def _files(index: Index) -> list[tuple[int, str]]:
    return index.images.select("image_id", "file_name").rows()


def test_with_a_training_and_a_test_file_validation_is_drawn_from_training(tmp_path: Path) -> None:
    train = instances(tmp_path / "train.json", HELD, {1: "cat", 2: "dog"})
    test = instances(tmp_path / "test.json", {"t1.jpg": "cat", "t2.jpg": "dog"}, {1: "cat", 2: "dog"})
    given = experiment(f"data.annotations={train}", f"data.test_annotations={test}", "data.val_fraction=0.25")
    index, _ = open_index(given.data, None)
    labels = dict(index.annotations.select("image_id", "category_id").rows())
    counts = Counter((split, labels[image]) for image, split in index.splits.items())
    assert counts == {
        **{("train", label): 9 for label in (1, 2)},
        **{("val", label): 3 for label in (1, 2)},
        **{("test", label): 1 for label in (1, 2)},
    }
    assert open_index(given.data, None)[0].splits == index.splits
