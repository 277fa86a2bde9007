"""A tree's photos with what an instances file says of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from tests.data.conftest import CLEAN

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import ConfigError
from bakeoff.data.image_folder.indexing import tree_index
from bakeoff.data.image_folder.matching import match
from bakeoff.data.image_folder.objects import add_objects
from bakeoff.data.image_folder.tree import scan
from bakeoff.data.inputs import read_index
from bakeoff.workflow import pipeline

Grow = Callable[[Mapping[str, int | bytes]], Path]


def instances(path: Path, files: Mapping[str, tuple[str, ...]], classes: tuple[str, ...] = ("dog", "cat")) -> Path:
    """Writes an instances file of photos of 120 x 96 pixels: by file name the classes of its objects."""
    images = [{"id": n, "file_name": file, "width": 120, "height": 96} for n, file in enumerate(files, 1)]
    held = [(n, name) for n, names in enumerate(files.values(), 1) for name in names]
    annotations = [
        {"id": i, "image_id": n, "category_id": classes.index(name) + 7, "bbox": [24, 12, 60, 48], "iscrowd": 0}
        for i, (n, name) in enumerate(held, 1)
    ]
    categories = [{"id": n, "name": name} for n, name in enumerate(classes, 7)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    path.write_bytes(msgspec.json.encode(document))
    return path


HELD = {"a.jpg": ("cat", "dog"), "b.jpg": ("cat",), "c.jpg": ("dog",), "d.jpg": (), "e.jpg": ("dog", "cat")}


def test_the_folder_labels_and_the_file_says_what_else_is_there(grow: Grow, tmp_path: Path) -> None:
    root, file = grow(CLEAN), instances(tmp_path / "instances.json", HELD)
    quotas = ("data.train_per_class=1", "data.val_per_class=1", "data.size=16", "data.workers=1", "data.classes=")
    with_file = load_experiment("demo", [*quotas, f"data.folder={root}", f"data.annotations={file}"])
    dataset = pipeline.build(with_file, tmp_path / "out")
    assert dataset.info.selection.objects_known
    rows = {row["file_name"]: row for row in dataset.ledger.rows(named=True)}
    assert {name: row["annotated"] for name, row in rows.items()} == {
        "train/cat/a.jpg": ["cat", "dog"],
        "train/cat/b.jpg": ["cat"],
        "train/dog/c.jpg": ["dog"],
        "val/cat/d.jpg": ["cat"],
        "val/dog/e.jpg": ["cat", "dog"],
    }
    assert [row["eligible"] for row in rows.values()] == [["cat"], ["cat"], ["dog"], ["cat"], ["dog"]]
    assert rows["train/cat/a.jpg"]["boxes"][0] == pytest.approx(
        {"label": "cat", "x": 0.2, "y": 0.125, "width": 0.5, "height": 0.5, "crowd": False}
    )
    assert rows["val/cat/d.jpg"]["boxes"][0]["width"] == 1.0


@pytest.mark.parametrize("sizes", [{"width": 96, "height": 120}, {"width": None, "height": None}])
def test_of_a_photo_of_another_shape_the_classes_are_known_and_no_place(
    grow: Grow, tmp_path: Path, sizes: dict[str, int | None]
) -> None:
    root, file = grow(CLEAN), instances(tmp_path / "instances.json", HELD)
    content = msgspec.json.decode(file.read_bytes())
    content["images"][0].update(sizes)
    file.write_bytes(msgspec.json.encode(content))
    index = add_objects(tree_index(scan(root)), read_index(str(file)))
    own = index.annotations.filter(pl.col("image_id") == 1)
    assert own.select("x", "y", "width", "height", "area").unique().rows() == [(0.0, 0.0, 60.0, 48.0, 2880.0)]
    assert own["crowd"].to_list() == [False, True]
    assert index.info.problems[-1].code == "other-photo"
    assert "(train/cat/a.jpg)" in index.info.problems[-1].message


def test_what_is_not_listed_is_not_known(grow: Grow, tmp_path: Path) -> None:
    index = tree_index(scan(grow({**CLEAN, "train/cow/x.jpg": 9, "val/cow/y.jpg": 10})))
    objects = read_index(str(instances(tmp_path / "instances.json", {**HELD, "x.jpg": (), "y.jpg": ("cat",)})))
    info = add_objects(index, objects).info
    assert not info.objects_known
    assert {problem.code: problem.count for problem in info.problems} == {"unlisted-class": 1}


def test_what_does_not_go_together_with_a_folder(grow: Grow, tmp_path: Path) -> None:
    root, file = grow(CLEAN), instances(tmp_path / "instances.json", HELD)
    for override in ("data.crowd=true", "data.view=crop", "data.images=x"):
        given = [f"data.folder={root}", f"data.annotations={file}", override]
        with pytest.raises(ConfigError, match=override.partition("=")[0]):
            pipeline.select(load_experiment("demo", given))


def test_photos_are_found_by_path_then_by_a_unique_name_then_by_id(tmp_path: Path) -> None:
    names = {"train/cat/1.jpg": (), "x/2.jpg": (), "a/3.jpg": (), "b/3.jpg": ()}
    index = read_index(str(instances(tmp_path / "instances.json", names)))
    assert match(["train/cat/1.jpg", "dog/2.jpg", "dog/3.jpg", "dog/4.jpg"], index) == [1, 2, None, None]
    assert match(["cat/2.jpg", "dog/2.jpg"], index) == [None, None]
    ids = replace(index, images=index.images.with_columns(image_id=index.images["image_id"] + 123455))
    assert match(["COCO_val2014_000000123456.jpg", "cat/123457.jpg", "cat/999999.jpg"], ids) == [123456, 123457, None]
