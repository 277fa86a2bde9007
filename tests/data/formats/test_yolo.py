"""YOLO's data.yaml and text files, as exporters write them."""

import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.conftest import photo, plant
from tests.data.test_parts import experiment

from bakeoff.core.errors import AnnotationsError, ConfigError
from bakeoff.data.index import Index
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

BOX = {"x": 0.25, "y": 0.375, "width": 0.5, "height": 0.25}


def yolo(root: Path, train: str = "../train/images") -> Path:
    """Writes photos of 60 x 48 pixels with one box in each, as Roboflow's export for YOLO lays them out."""
    for split, first in (("train", 0), ("valid", 4)):
        plant(root / split / "images", {f"{n}.jpg": photo(n) for n in range(first, first + 4)})
        lines = {f"{n}.txt": f"{n % 2} 0.5 0.5 0.5 0.25\n".encode() for n in range(first, first + 4)}
        plant(root / split / "labels", lines)
    (root / "data.yaml").write_text(f"train: {train}\nval: /content/set/valid/images\nnc: 2\nnames: [cat, dog]\n")
    return root / "data.yaml"


def labelled(root: Path, *lines: str, yaml: str = "names: {0: cat, 1: dog}") -> Index:
    """The index of one photo with a label file of these lines."""
    plant(root / "images", {"a.jpg": photo(1)})
    plant(root / "labels", {"a.txt": "\n".join(lines).encode()})
    (root / "data.yaml").write_text(f"train: images\n{yaml}\n")
    return open_index(experiment(f"data.annotations={root}/data.yaml").data, None)[0]


def test_yolo_has_boxes_and_splits(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    dataset = pipeline.build(experiment(f"data.annotations={yolo(tmp_path / 'yolo')}"), tmp_path / "out")
    assert set(dataset.manifest.select("split", "file_name", "label").rows()) == {
        *(("train", f"train/{n}.jpg", n % 2) for n in range(4)),
        *(("val", f"val/{n}.jpg", n % 2) for n in range(4, 8)),
    }
    assert dataset.manifest.filter(pl.col("split") == "train")["image_id"].to_list() == [1, 3, 2, 4], (
        "ids follow the names"
    )
    assert dataset.info.unreadable == 0
    assert dataset.manifest["boxes"][1][0] == pytest.approx({"label": "cat", "crowd": False, **BOX})


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("1 0.5 0.5 0.5 0.25", (15, 18, 30, 12)),
        ("1.0 0.5 0.5 0.5 0.25 0.97", (15, 18, 30, 12)),
        ("1 0.25 0.5 0.5 0.25 0.75 0.75", (15, 12, 30, 24)),
        ("1 0.9 0.5 0.5 0.25", (39, 18, 21, 12)),
    ],
)
def test_boxes_with_and_without_a_confidence_and_polygons(tmp_path: Path, line: str, box: tuple[int, ...]) -> None:
    pytest.importorskip("yaml")
    index = labelled(tmp_path, line, "")
    assert index.annotations.select("x", "y", "width", "height").row(0) == pytest.approx(box)
    assert index.annotations["category_id"].to_list() == [2]
    assert index.info.problems == ()


def test_of_keypoints_the_box_counts(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    index = labelled(tmp_path, "0 0.5 0.5 0.5 0.25 0.1 0.1 0.2 0.2", yaml="names: [cat, dog]\nkpt_shape: [2, 2]")
    assert index.annotations.select("x", "y", "width", "height").rows() == [(15, 18, 30, 12)]


def test_what_can_not_be_used_is_left_out_and_said(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    plant(tmp_path / "labels" / "more", {"b.txt": b"0 0.5 0.5 0.5 0.5"})
    index = labelled(
        tmp_path, "0 0.5 0.5 0.5 0.5", "cat 0.5 0.5 0.5 0.5", "0 0.5 0.5", "7 0.5 0.5 1 1", "0 0.5 0.5 0 1"
    )
    assert index.annotations.height == 1
    assert {problem.code: problem.count for problem in index.info.problems} == {
        "bad-label": 2,
        "unknown-category": 1,
        "unknown-image": 1,
        "empty-box": 1,
    }


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.text("0123456789.e-+ nan_inf\x00é\t", max_size=40), max_size=5))
def test_whatever_a_label_file_holds_its_boxes_are_within_the_photo(tmp_path: Path, lines: list[str]) -> None:
    pytest.importorskip("yaml")
    rows = labelled(tmp_path, *lines).annotations
    assert ((rows["x"] >= 0) & (rows["x"] + rows["width"] <= 60) & (rows["width"] > 0)).all()
    assert ((rows["y"] >= 0) & (rows["y"] + rows["height"] <= 48) & (rows["height"] > 0)).all()


def test_photos_in_sub_folders_and_without_labels(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    plant(tmp_path / "images", {"more/a.jpg": photo(2), "background.png": photo(3)})
    plant(tmp_path / "labels", {"more/a.txt": b"1 0.5 0.5 1 1"})
    index = labelled(tmp_path, "0 0.5 0.5 1 1")
    assert index.images["file_name"].to_list() == ["a.jpg", "background.png", "more/a.jpg"]
    assert index.annotations.select("image_id", "category_id").rows() == [(1, 1), (3, 2)]


def test_lists_of_photos_in_place_of_folders(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = yolo(tmp_path)
    path.write_text("path: .\ntrain: train.txt\nval: val.txt\nnames: [cat, dog]\n")
    (tmp_path / "train.txt").write_text("".join(f"./train/images/{n}.jpg\n" for n in range(4)))
    (tmp_path / "val.txt").write_text("".join(f"/content/set/valid/images/{n}.jpg\n" for n in range(4, 8)))
    index, _ = open_index(experiment(f"data.annotations={path}").data, None)
    assert index.images["file_name"].to_list() == [f"{'train' if n < 4 else 'val'}/{n}.jpg" for n in range(8)]
    (tmp_path / "train.txt").write_text("./train/images/0.jpg\n")
    with pytest.raises(AnnotationsError, match=r"train.txt lists 1 photos that are not all photos of one folder"):
        open_index(experiment(f"data.annotations={path}").data, None)


def test_a_folder_that_is_named_for_all_splits_has_none(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = yolo(tmp_path)
    path.write_text("train: train/images\nval: train/images\nnames: [cat, dog]\n")
    index, _ = open_index(experiment(f"data.annotations={path}").data, None)
    assert (index.images.height, index.splits, index.info.problems) == (4, {}, ())


def test_a_folder_outside_of_the_files_own_is_not_read(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    (tmp_path / "secret").mkdir()
    with pytest.raises(AnnotationsError, match=r"names the images '/../../secret', but .* holds no such folder"):
        open_index(experiment(f"data.annotations={yolo(tmp_path / 'yolo', '../../secret')}").data, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [cat]", "names no folder of images"),
        ("- train", "can't be read as YOLO's data.yaml"),
        ("train: train/images\nnames: 2", "names no classes"),
        ("train: [", "can't be read as YOLO's data.yaml"),
        ("[" * 100_000, "can't be read as YOLO's data.yaml"),
        ("train: train/images\nnames: [[cat]]", "names no classes"),
    ],
)
def test_files_that_can_not_be_used(tmp_path: Path, text: str, message: str) -> None:
    pytest.importorskip("yaml")
    path = yolo(tmp_path)
    path.write_text(text)
    with pytest.raises(AnnotationsError, match=message):
        open_index(experiment(f"data.annotations={path}").data, None)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigError, match=r"pip install 'bakeoff\[formats\]'"):
        open_index(experiment(f"data.annotations={yolo(tmp_path)}").data, None)
