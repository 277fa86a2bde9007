"""Any legal rewriting of an instances file gives the same data set."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.conftest import drawing, encoded

from bakeoff.config.data import DataConfig
from bakeoff.data.build import build
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.workers import ImageSettings
from bakeoff.data.inputs import open_index, open_source
from bakeoff.data.selection import select

Document = dict[str, Any]
COUNT = 12
SETTINGS = ImageSettings(size=8, resize="stretch", filter="area", quality=90)


def document() -> Document:
    """Twelve images with one object or two, boxes of which some leave the image, a crowd, and two classes."""
    draws = random.Random(0)
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 60, "height": 48, "license": 1} for n in range(1, COUNT + 1)]
    annotations = []
    for n in range(1, COUNT + 1):
        for category in {1 + n % 2, draws.choice([1, 2])}:
            x, y, w, h = (float(draws.randint(0, 30)) for _ in range(4))
            box = [x, y, w + 5, h + 5]
            annotations.append(
                {"id": 100 + len(annotations), "image_id": n, "category_id": category, "bbox": box, "iscrowd": 0}
            )
    annotations[0]["iscrowd"] = 1
    categories = [
        {"id": 1, "name": "cat", "supercategory": "animal"},
        {"id": 2, "name": "dog", "supercategory": "animal"},
    ]
    return {
        "info": {},
        "licenses": [{"id": 1, "name": "CC"}],
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rewriting") / "photos"
    folder.mkdir()
    for n in range(1, COUNT + 1):
        (folder / f"{n}.jpg").write_bytes(encoded(drawing(n)))
    return folder


def built(photos: Path, content: Document, view: str) -> Dataset:
    path = photos.parent / "ann.json"
    path.write_text(json.dumps(content))
    data = DataConfig(
        annotations=str(path),
        images=str(photos),
        classes=("cat", "dog"),
        train_per_class=2,
        val_per_class=1,
        test_per_class=0,
        view=view,  # type: ignore[arg-type]  # one of the two
        min_side=1,
    )
    return build(select(*open_index(data, None)), open_source(data), photos.parent / view, workers=1, **SETTINGS)


def contents(dataset: Dataset) -> tuple[object, ...]:
    """Pixels, labels, splits, other classes and boxes: all but the ids."""
    rows = dataset.manifest.select("split", "label", "annotated", "boxes", "source_digest").rows()
    return rows, *(image.tobytes() for image in dataset.images.values())


def renumber(draw: st.DrawFn, content: Document) -> None:
    """Ids as texts or floats."""
    number = draw(st.sampled_from([str, float, lambda value: f"{value}.0"]))
    for section in ("images", "categories", "annotations"):
        for entry in content[section]:
            entry.update({key: number(entry[key]) for key in ("id", "image_id", "category_id") if key in entry})


def shift(draw: st.DrawFn, content: Document) -> None:
    """Other ids in the same order."""
    by = draw(st.integers(1, 1000))
    for section in ("images", "categories", "annotations"):
        for entry in content[section]:
            entry.update({key: entry[key] + by for key in ("id", "image_id", "category_id") if key in entry})


def change_fields(draw: st.DrawFn, content: Document) -> None:
    """Fields that may be missing, null, or of one's own."""
    for entry in content["images"]:
        entry.pop("license")
        entry.update(draw(st.sampled_from([{}, {"license": None}, {"coco_url": None, "extra": [1]}])))
    for entry in content["categories"]:
        entry["supercategory"] = None
    for entry in content["annotations"]:
        area = entry["bbox"][2] * entry["bbox"][3]
        entry.update(draw(st.sampled_from([{}, {"area": area}, {"area": None}, {"attributes": {}}])))
        if not entry["iscrowd"]:
            entry.update(draw(st.sampled_from([{}, {"iscrowd": None}, {"iscrowd": False}])))


def respell(draw: st.DrawFn, content: Document) -> None:
    """Other names of the same files."""
    for entry in content["images"]:
        pattern = draw(st.sampled_from(["./{}", ".\\{}", "photos/{}", "/a/b/{}", "{}"]))
        entry["file_name"] = pattern.format(entry["file_name"])


def mask(_: st.DrawFn, content: Document) -> None:
    """Masks in place of boxes."""
    for entry in content["annotations"]:
        x, y, w, h = entry["bbox"]
        entry.update(segmentation=[[x, y, x + w, y, x + w, y + h]], bbox=None)


def repeat(_: st.DrawFn, content: Document) -> None:
    """Entries that occur twice."""
    content["annotations"] += [dict(entry) for entry in content["annotations"][:3]]
    content["images"].append(dict(content["images"][0]))


def shuffle(draw: st.DrawFn, content: Document) -> None:
    """Another order of entries, and of the lists."""
    for section in ("images", "annotations"):
        content[section] = draw(st.permutations(content[section]))
    for key in draw(st.permutations(sorted(content))):
        content[key] = content.pop(key)


CHANGES = (shift, change_fields, mask, respell, repeat, renumber, shuffle)


@st.composite
def rewritings(draw: st.DrawFn) -> tuple[Document, bool]:
    """A file that says the same, and whether its ids are the same."""
    content, chosen = document(), draw(st.sets(st.sampled_from(CHANGES)))
    for change in CHANGES:
        if change in chosen:
            change(draw, content)
    return content, shift not in chosen


@pytest.mark.parametrize("view", ["photo", "crop"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=rewritings())
def test_a_legal_rewriting_gives_the_same_data_set(photos: Path, view: str, made: tuple[Document, bool]) -> None:
    content, same_ids = made
    expected = contents(built(photos, document(), view))
    digest = built(photos, document(), view).info.digest
    dataset = built(photos, content, view)
    assert contents(dataset) == expected
    assert dataset.manifest.filter(pl.col("label") == 0).height == 3
    if same_ids:
        assert dataset.info.digest == digest
