"""YOLO and Pascal VOC, as supervision writes and reads them."""

import sys
from pathlib import Path

import polars as pl
import pytest
from tests.data.conftest import photo, plant
from tests.data.test_parts import experiment

from bakeoff.core.errors import AnnotationsError, ConfigError
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


def test_yolo_has_boxes_and_splits(tmp_path: Path) -> None:
    pytest.importorskip("supervision")
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


def test_pascal_voc_has_boxes(tmp_path: Path) -> None:
    supervision = pytest.importorskip("supervision")
    path = yolo(tmp_path / "yolo")
    images = path.parent / "train" / "images"
    labels = path.parent / "train" / "labels"
    made = supervision.DetectionDataset.from_yolo(str(images), str(labels), str(path))
    made.as_pascal_voc(annotations_directory_path=str(tmp_path / "voc"))
    given = experiment(f"data.annotations={tmp_path}/voc", f"data.images={images}", "data.val_fraction=0.5")
    index, _ = open_index(given.data, None)
    assert index.annotations.select("x", "y", "width", "height").unique().rows() == [(15.0, 18.0, 30.0, 12.0)]
    assert pipeline.select(given).chosen.height == 4


def test_a_folder_outside_of_the_files_own_is_not_read(tmp_path: Path) -> None:
    pytest.importorskip("supervision")
    (tmp_path / "secret").mkdir()
    with pytest.raises(AnnotationsError, match=r"names the images '../../secret', but .* holds no such folder"):
        open_index(experiment(f"data.annotations={yolo(tmp_path / 'yolo', '../../secret')}").data, None)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigError, match=r"pip install 'bakeoff\[formats\]'"):
        open_index(experiment(f"data.annotations={yolo(tmp_path)}").data, None)
