"""The drawn data set: the same each time, true to the format, and as ambiguous as it should be."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.data.sample import CLASSES, DISTRACTOR, MIN_VISIBLE, ODDITIES, SHAPES, _Canvas, draw_sample

COUNT = 120


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "drawn"
    assert draw_sample(folder, images=COUNT) == (folder / "instances.json", folder / "images")
    return folder


@pytest.fixture
def document(drawn: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((drawn / "instances.json").read_bytes())
    return loaded


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def classes_held(document: dict[str, Any]) -> dict[int, set[str]]:
    """The classes of the annotations that are no crowds, by image."""
    names = {category["id"]: category["name"] for category in document["categories"]}
    held: dict[int, set[str]] = defaultdict(set)
    for each in document["annotations"]:
        if not each["iscrowd"] and names[each["category_id"]] in CLASSES:
            held[each["image_id"]].add(names[each["category_id"]])
    return held


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        draw_sample(tmp_path / name, images=8, seed=seed)
    assert files(tmp_path / "one") == files(tmp_path / "again")
    photos = [set(files(tmp_path / name / "images").values()) for name in ("one", "other")]
    assert photos[0].isdisjoint(photos[1])


def test_a_smaller_data_set_is_the_beginning_of_a_larger_one(
    drawn: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    annotations, photos = draw_sample(tmp_path / "small", images=9)
    small = json.loads(annotations.read_bytes())
    for key in ("images", "annotations"):
        assert small[key] == document[key][: len(small[key])]
    assert len(small["images"]) == 9
    assert files(photos).items() <= files(drawn / "images").items()


def test_images_are_as_their_entries_say(drawn: Path, document: dict[str, Any]) -> None:
    entries = document["images"]
    ids = [entry["id"] for entry in entries]
    assert ids == sorted(set(ids))
    assert len(ids) == COUNT
    assert len({entry["file_name"] for entry in entries}) == COUNT == len(list((drawn / "images").iterdir()))
    assert (np.diff(ids) > 1).any(), "the ids have gaps"
    for number, entry in enumerate(entries):
        assert entry["file_name"] == f"{entry['id']:012d}.jpg"
        with Image.open(drawn / "images" / entry["file_name"]) as photo:
            assert photo.size == (entry["width"], entry["height"])
            assert photo.format == "JPEG"
            assert photo.mode == ODDITIES.get(number, "RGB")
        assert 100 <= max(photo.size) <= 240
    assert set(ODDITIES.values()) == {"L", "CMYK"}


def test_sizes_vary_and_stand_both_ways(document: dict[str, Any]) -> None:
    sizes = {(entry["width"], entry["height"]) for entry in document["images"]}
    assert len(sizes) >= 3
    assert {np.sign(width - height) for width, height in sizes} >= {-1, 1}


def test_annotations_are_whole_and_lie_inside_their_images(document: dict[str, Any]) -> None:
    sizes = {entry["id"]: (entry["width"], entry["height"]) for entry in document["images"]}
    categories = {category["id"] for category in document["categories"]}
    annotations = document["annotations"]
    assert len({each["id"] for each in annotations}) == len(annotations)
    assert {each["iscrowd"] for each in annotations} == {0, 1}
    for each in annotations:
        x, y, width, height = each["bbox"]
        assert min(x, y) >= 0
        assert x + width <= sizes[each["image_id"]][0]
        assert y + height <= sizes[each["image_id"]][1]
        assert MIN_VISIBLE <= each["area"] <= width * height
        assert each["category_id"] in categories
        assert each["segmentation"] == []
    visible = defaultdict(int)
    for each in annotations:
        visible[each["image_id"]] += each["area"]
    assert all(area <= np.prod(sizes[image]) for image, area in visible.items()), "a pixel shows one object"


def test_categories_and_licence(document: dict[str, Any]) -> None:
    assert [category["name"] for category in document["categories"]] == [*CLASSES, DISTRACTOR]
    assert len({category["id"] for category in document["categories"]}) == len(CLASSES) + 1
    assert all(category["supercategory"] for category in document["categories"])
    assert [each["name"] for each in document["licenses"]] == ["CC0 1.0"]
    assert {entry["license"] for entry in document["images"]} == {document["licenses"][0]["id"]}
    assert document["info"]["description"]


def test_every_class_is_common_and_many_images_hold_several(document: dict[str, Any]) -> None:
    held = classes_held(document).values()
    for name in CLASSES:
        assert sum(name in classes for classes in held) >= 0.1 * COUNT, name
    assert 0.25 <= sum(len(classes) > 1 for classes in held) / COUNT <= 0.55


def test_boxes_enclose_what_differs_from_the_ground(drawn: Path, document: dict[str, Any]) -> None:
    """An object has outlines, a ground hardly: edges are stronger inside the boxes than outside."""
    inside, outside = [], []
    for entry in document["images"]:
        with Image.open(drawn / "images" / entry["file_name"]) as photo:
            grey = np.asarray(photo.convert("L"), float)
        edges = np.abs(np.diff(grey, axis=1))
        boxed = np.zeros(edges.shape, bool)
        for each in document["annotations"]:
            if each["image_id"] == entry["id"]:
                x, y, width, height = each["bbox"]
                boxed[y : y + height, x : x + width] = True
        if boxed.any() and not boxed.all():
            inside.append(edges[boxed].mean())
            outside.append(edges[~boxed].mean())
    assert np.mean(np.array(inside) > np.array(outside)) > 0.9


@pytest.mark.parametrize("kind", SHAPES)
def test_an_object_owns_the_pixels_that_it_changes(kind: str) -> None:
    canvas = _Canvas(160, 120, np.random.default_rng(0))
    canvas.picture.paste((1, 2, 3), (0, 0, *canvas.picture.size))  # a colour that no palette holds
    ground = np.asarray(canvas.picture)
    canvas.add(kind, 0.4, np.array([[0.5, 0.8]]))
    changed = (np.asarray(canvas.picture) != ground).any(axis=2)
    assert changed.any()
    np.testing.assert_array_equal(np.asarray(canvas.owners) == 1, changed)


def test_progress_ends_with_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    draw_sample(tmp_path / "drawn", images=52, progress=lambda done, total: told.append((done, total)))
    assert told == [(50, 52), (52, 52)]


@pytest.mark.parametrize("wrong", [{"images": 0}, {"images": -3}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="give images >= 1 and seed >= 0"):
        draw_sample(tmp_path / "drawn", **wrong)
    assert not list(tmp_path.iterdir())


def test_a_sample_is_replaced_and_other_things_are_left_alone(tmp_path: Path) -> None:
    draw_sample(tmp_path / "drawn", images=3)
    draw_sample(tmp_path / "drawn", images=2)
    assert len(list((tmp_path / "drawn" / "images").iterdir())) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(StorageError, match=r"holds something else \(thesis.txt\)"):
        draw_sample(tmp_path / "mine", images=2)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_an_interrupted_drawing_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_sample(tmp_path / "drawn", images=2, progress=stop)
    assert not list(tmp_path.iterdir())
