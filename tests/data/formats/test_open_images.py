"""Open Images' CSV files: boxes, and labels of whole photos."""

from pathlib import Path

import polars as pl
import pytest
from tests.data.conftest import drawing, encoded, photo, plant
from tests.data.test_parts import experiment, fates

from bakeoff.core.errors import AnnotationsError, ConfigError
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

HEAD = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
ROWS = (
    "00a1,xclick,/m/01yrx,1,0.25,0.75,0.5,1,0,0,0,0,0",
    "00b2,xclick,/m/0bt9lr,1,0,0.5,0,0.5,0,0,0,0,0",
    "00b2,xclick,/m/01yrx,1,0.5,1.01,0.5,1,0,0,1,0,0",
    "00c3,xclick,/m/01yrx,1,0.25,0.5,0.25,0.5,-1,-1,-1,-1,-1",
    "00d4,activemil,/m/0bt9lr,1,0,1,0,1,0,0,0,0,0",
)
NAMES = "/m/01yrx,Cat\n/m/0bt9lr,Dog\n"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    made = {f"00{name}.jpg": photo(seed) for seed, name in enumerate(("a1", "b2", "c3", "d4"))}
    return plant(tmp_path / "train", {**made, "00a1.jpg": encoded(drawing(9, (100, 40)))})


def boxes(folder: Path, *rows: str, names: str = NAMES) -> Path:
    (folder / "class-descriptions-boxable.csv").write_text(names)
    (folder / "train-annotations-bbox.csv").write_text("\n".join((HEAD, *rows)))
    return folder / "train-annotations-bbox.csv"


def test_boxes_are_fractions_of_their_photo(photos: Path, tmp_path: Path) -> None:
    path = boxes(tmp_path, *ROWS)
    index, _ = open_index(experiment(f"data.annotations={path}", f"data.images={photos}").data, None)
    assert index.images.select("file_name", "width", "height").row(0) == ("00a1.jpg", 100, 40)
    assert index.annotations.select("image_id", "category_id", "x", "y", "width", "height", "area", "crowd").rows() == [
        (1, 1, 25.0, 20.0, 50.0, 20.0, 1000.0, False),
        (2, 1, 30.0, 24.0, 30.0, 24.0, 720.0, True),
        (2, 2, 0.0, 0.0, 30.0, 24.0, 720.0, False),
        (3, 1, 15.0, 12.0, 15.0, 12.0, 180.0, False),
        (4, 2, 0.0, 0.0, 60.0, 48.0, 2880.0, False),
    ]
    assert index.annotations["annotation_id"].to_list() == [1, 2, 3, 4, 5]
    assert index.categories["name"].to_list() == ["Cat", "Dog"]
    assert index.info.boxes_known
    assert index.info.problems == ()


def test_a_data_set_of_all_classes_beside_the_file(photos: Path, tmp_path: Path) -> None:
    path = boxes(photos, *ROWS, names=f"LabelName,DisplayName\n{NAMES}")
    given = experiment(f"data.annotations={path}", "data.classes=all", "data.val_fraction=0.5")
    dataset = pipeline.build(given, tmp_path / "out")
    assert dataset.info.classes == ("Cat", "Dog")
    assert dict(dataset.manifest.select("file_name", "label").iter_rows()) == {
        **dict.fromkeys(("00a1.jpg", "00c3.jpg"), 0),
        **dict.fromkeys(("00b2.jpg", "00d4.jpg"), 1),
    }
    assert dataset.info.unreadable == 0
    row = dataset.manifest.row(by_predicate=pl.col("file_name") == "00a1.jpg", named=True)
    assert row["boxes"] == [{"label": "Cat", "crowd": False, "x": 0.25, "y": 0.5, "width": 0.5, "height": 0.5}]


def test_a_file_of_each_split(photos: Path, tmp_path: Path) -> None:
    train, val = boxes(tmp_path, *ROWS[:3]), tmp_path / "validation-annotations-bbox.csv"
    val.write_text("\n".join((HEAD, *ROWS[3:])))
    given = (f"data.annotations={train}", f"data.val_annotations={val}", f"data.images={photos}")
    assert fates(experiment(*given, "data.classes=Cat,Dog")) == {
        "00a1.jpg": ("train", "Cat"),
        "00b2.jpg": ("train", "Dog"),
        "00c3.jpg": ("val", "Cat"),
        "00d4.jpg": ("val", "Dog"),
    }


def test_photos_are_found_by_their_path_or_name_with_or_without_suffix(photos: Path, tmp_path: Path) -> None:
    plant(photos / "more", {"00d4.jpg": photo(5), "00e5.png": photo(6)})
    rows = ("00a1.jpg,,Cat,,0,1,0,1", "00a1,,Dog,,0,1,0,1", "00e5,,Cat,,0,1,0,1", "more/00d4,,Dog,,0,1,0,1")
    path = boxes(tmp_path, *rows, "00d4.jpg,,Dog,,0,1,0,1")
    index, _ = open_index(experiment(f"data.annotations={path}", f"data.images={photos}").data, None)
    assert index.images["file_name"].to_list() == ["00a1.jpg", "00d4.jpg", "more/00d4.jpg", "more/00e5.png"]
    assert index.annotations["image_id"].to_list() == [1, 1, 2, 3, 4]
    assert index.info.problems == ()


def test_labels_of_whole_photos(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    lines = ("00a1,verification,/m/01yrx,1", "00b2,verification,/m/01yrx,0", "00b2,machine,/m/0bt9lr,0.7")
    path.write_text("\n".join(("\ufeffImageID,Source,LabelName,Confidence", *lines)), encoding="utf-8")
    index, _ = open_index(experiment(f"data.annotations={path}", f"data.images={photos}").data, None)
    assert index.categories["name"].to_list() == ["/m/01yrx", "/m/0bt9lr"], "without names beside it"
    assert index.annotations.select("image_id", "category_id", "width", "height").rows() == [
        *((1, 1, 100.0, 40.0), (2, 2, 60.0, 48.0))
    ]
    assert [(problem.code, problem.message) for problem in index.info.problems] == [
        ("absent-class", "1 label says that a class is not there: left out (00b2)")
    ]
    with pytest.raises(ConfigError, match=r"needs boxes; .* has labels of whole photos"):
        open_index(experiment(f"data.annotations={path}", f"data.images={photos}", "data.view=crop").data, None)


def test_what_is_left_out_is_said(photos: Path, tmp_path: Path) -> None:
    (photos / "00d4.jpg").unlink()
    path = boxes(tmp_path, *ROWS, "00a1,xclick,/m/01yrx,,0.5,0.5,0,1,0,0,0,0,0", "00a1,xclick,/m/01yrx,1,,1,0,1")
    index, _ = open_index(experiment(f"data.annotations={path}", f"data.images={photos}").data, None)
    assert [(problem.code, problem.count) for problem in index.info.problems] == [
        ("missing-photo", 1),
        ("empty-box", 2),
    ]
    assert index.images["file_name"].to_list() == ["00a1.jpg", "00b2.jpg", "00c3.jpg"]


@pytest.mark.parametrize(
    ("row", "images", "message"),
    [
        ("zz,xclick,/m/01yrx,1,0,1,0,1,0,0,0,0,0", "train", r"holds none of the 1 photos that .*, such as zz;"),
        ("00a1,xclick,/m/01yrx,1,left,1,0,1,0,0,0,0,0", "train", "can't be read as Open Images' CSV"),
        ("", "train", "lists no labels of photos"),
        (ROWS[0], "nowhere", "nowhere holds none of the 1 photos"),
    ],
)
def test_files_that_can_not_be_used(photos: Path, tmp_path: Path, row: str, images: str, message: str) -> None:
    path = boxes(tmp_path, row)
    with pytest.raises(AnnotationsError, match=message):
        open_index(experiment(f"data.annotations={path}", f"data.images={photos.parent / images}").data, None)
