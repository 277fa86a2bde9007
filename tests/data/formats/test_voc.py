"""Pascal VOC's XML files, as exporters write them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.conftest import photo, plant
from tests.data.test_parts import experiment

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.index import Index
from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

Box = tuple[str, float, float, float, float]
SIDES = ("xmin", "ymin", "xmax", "ymax")


def xml(boxes: Sequence[Box], file: str = "elsewhere.jpg") -> bytes:
    objects = "".join(
        f"<object><name>{name}</name><pose>Left</pose><part><name>head</name></part><bndbox>"
        + "".join(f"<{side}>{value}</{side}>" for side, value in zip(SIDES, edges, strict=True))
        + "</bndbox></object>"
        for name, *edges in boxes
    )
    return f'<?xml version="1.0"?><annotation><filename>{file}</filename>{objects}</annotation>'.encode()


def read(root: Path, files: Mapping[str, bytes]) -> Index:
    """The index of XML files; photos of 60 x 48 pixels are `a.jpg`, `b.png` and `more/c.jpg`."""
    plant(root / "photos", {"a.jpg": photo(1), "b.png": photo(2), "more/c.jpg": photo(3)})
    plant(root / "labels", files)
    given = experiment(f"data.annotations={root}/labels", f"data.images={root}/photos")
    return open_index(given.data, None)[0]


def test_pixels_are_counted_from_one(tmp_path: Path) -> None:
    index = read(tmp_path, {"a.xml": xml([("cat", 1, 1, 60, 48)]), "b.xml": xml([("dog", 16, 19, 45, 30)])})
    assert index.images["file_name"].to_list() == ["a.jpg", "b.png", "more/c.jpg"]
    assert index.annotations.select("image_id", "category_id", "x", "y", "width", "height").rows() == [
        (1, 1, 0, 0, 60, 48),
        (2, 2, 15, 18, 30, 12),
    ]
    assert index.categories["name"].to_list() == ["cat", "dog"]
    assert index.info.problems == ()


def test_where_a_box_begins_at_zero_pixels_are_counted_from_there(tmp_path: Path) -> None:
    index = read(tmp_path, {"a.xml": xml([("cat", 0, 0, 60, 48)]), "b.xml": xml([("dog", 15.5, 18, 45, 30)])})
    assert index.annotations.select("x", "y", "width", "height").rows() == [(0, 0, 60, 48), (15.5, 18, 29.5, 12)]


def test_photos_in_sub_folders_or_named_in_the_file(tmp_path: Path) -> None:
    files = {"more/c.xml": xml([("cat", 1, 1, 9, 9)]), "0001.xml": xml([("dog", 1, 1, 9, 9)], "b.png")}
    assert read(tmp_path, {"x.xml": xml([], "a.jpg"), **files}).annotations["image_id"].to_list() == [2, 3]


def test_what_can_not_be_used_is_left_out_and_said(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><annotation><filename>b.png</filename></annotation>'
    index = read(
        tmp_path,
        {
            "a.xml": xml([("cat", 1, 1, 9, 9), ("cat", 9, 9, 1, 1)]),
            "b.xml": bomb,
            "more/c.xml": b'<?xml version="1.0" encoding="none"?><annotation/>',
            "d.xml": xml([("cat", 1, 1, 9, 9)]),
        },
    )
    assert index.annotations.height == 1
    assert [(problem.code, problem.count) for problem in index.info.problems] == [
        ("bad-label", 2),
        ("unknown-image", 1),
        ("empty-box", 1),
    ]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 250), raw=st.binary(max_size=4))
def test_whatever_is_changed_in_a_file_gives_boxes_or_is_said(tmp_path: Path, at: int, raw: bytes) -> None:
    good, whole = xml([("cat", 1, 1, 9, 9)], "b.png"), xml([("dog", 2, 3, 20, 30)], "a.jpg")
    index = read(tmp_path, {"b.xml": good, "a.xml": whole[:at] + raw + whole[at + len(raw) :]})
    assert index.annotations.filter(pl.col("image_id") == 2).height == 1
    assert ((index.annotations["width"] > 0) & (index.annotations["x"] + index.annotations["width"] <= 60)).all()


def test_files_of_other_photos_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnnotationsError, match=r"no XML file of Pascal VOC for a photo in .* 1 are of others"):
        read(tmp_path, {"z.xml": xml([("cat", 1, 1, 9, 9)])})


def test_a_data_set(tmp_path: Path) -> None:
    files = {f"{n}.xml": xml([("cat" if n % 2 else "dog", 16, 19, 45, 30)]) for n in range(4)}
    plant(tmp_path, {**files, **{f"{n}.jpg": photo(n) for n in range(4)}})
    given = experiment(f"data.annotations={tmp_path}", "data.val_fraction=0.5")
    dataset = pipeline.build(given, tmp_path / "out")
    assert {(row[0], row[1]) for row in dataset.manifest.select("file_name", "label").rows()} == {
        *(("0.jpg", 1), ("1.jpg", 0), ("2.jpg", 1), ("3.jpg", 0))
    }
    assert dataset.manifest["boxes"][0][0]["x"] == 0.25


def test_a_folder_of_each_split(tmp_path: Path) -> None:
    for split, name in (("train", "cat"), ("valid", "dog")):
        plant(tmp_path / split, {"a.jpg": photo(len(split)), "a.xml": xml([(name, 16, 19, 45, 30)])})
    index, _ = open_index(experiment(f"data.annotations={tmp_path}").data, None)
    assert index.images["file_name"].to_list() == ["train/a.jpg", "val/a.jpg"]
    assert sorted(index.splits.values()) == ["train", "val"]
    assert index.annotations.height == 2
