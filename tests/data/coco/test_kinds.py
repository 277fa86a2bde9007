"""Kinds of files that exporters write: each gives the same objects as COCO's own form of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bakeoff.core.errors import AnnotationsError, ConfigError
from bakeoff.data.coco import read_index
from bakeoff.data.index import Index

Document = dict[str, Any]
Change = Callable[[Document], object]


def every(section: str, change: Callable[[Document], object]) -> Change:
    return lambda content: [change(entry) for entry in content[section]]


def texts(entry: Document, *keys: str) -> None:
    entry.update({key: str(entry[key]) for key in keys})


def floats(entry: Document, *keys: str) -> None:
    entry.update({key: float(entry[key]) for key in keys})


def both(*changes: Change) -> Change:
    return lambda content: [change(content) for change in changes]


IDS = ("id", "image_id", "category_id")

SAME = {
    "pylabel: category ids as texts": both(
        every("categories", lambda entry: texts(entry, "id")),
        every("annotations", lambda entry: texts(entry, "category_id")),
    ),
    "all ids as texts": both(
        *(every(section, lambda entry: texts(entry, "id")) for section in ("images", "categories")),
        every("annotations", lambda entry: texts(entry, *IDS)),
    ),
    "pandas: ids as floats": both(
        *(every(section, lambda entry: floats(entry, "id")) for section in ("images", "categories")),
        every("annotations", lambda entry: floats(entry, *IDS)),
    ),
    "boxes of texts": every("annotations", lambda entry: entry.update(bbox=list(map(str, entry["bbox"])))),
    "FiftyOne: no supercategory, null fields": both(
        every("categories", lambda entry: entry.update(supercategory=None)),
        every("images", lambda entry: entry.update(license=None, coco_url=None)),
    ),
    "crowd as null, false, 0.0": every("annotations", lambda entry: entry.update(iscrowd=entry["iscrowd"] or None)),
    "licence ids as texts": both(
        every("images", lambda entry: entry.update(license="1")), every("licenses", lambda entry: texts(entry, "id"))
    ),
    "fields that nobody reads": every("annotations", lambda entry: entry.update(attributes={"a": [1]}, score=0.5)),
}


def objects(index: Index) -> list[tuple[object, ...]]:
    names = index.images.select("image_id", "file_name")
    categories = index.categories.select("category_id", "name")
    joined = index.annotations.join(names, on="image_id").join(categories, on="category_id")
    return sorted(joined.select("file_name", "name", "x", "y", "width", "height", "area", "crowd").rows())


@pytest.mark.parametrize("kind", SAME)
def test_a_legal_rewriting_gives_the_same_objects(stored: Callable[..., Path], kind: str, small: Document) -> None:
    for entry in small["annotations"]:
        entry.setdefault("iscrowd", 0)
    small["licenses"] = [{"id": 1, "name": "CC BY", "url": "http://by"}]
    expected = read_index(stored())
    index = read_index(stored(SAME[kind]))
    assert objects(index) == objects(expected)
    assert index.info.problems == ()
    assert index.images["image_id"].to_list() == expected.images["image_id"].to_list()
    assert index.info.licenses == expected.info.licenses


def test_ids_that_are_names_are_numbered_in_their_order(stored: Callable[..., Path]) -> None:
    def rename(content: Document) -> None:
        for image in content["images"]:
            image["id"] = f"img_{image['id']}"
        for annotation in content["annotations"]:
            annotation["image_id"] = f"img_{annotation['image_id']}"

    expected = objects(read_index(stored()))
    index = read_index(stored(rename))
    assert objects(index) == expected
    assert index.images.select("image_id", "file_name").rows() == [(1, "1.jpg"), (2, "2.jpg")]
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("text-id", 2)]
    assert "2 ids of images are texts ('img_1', 'img_2'): numbered anew" in index.info.problems[0].message


def test_without_annotation_ids_each_object_has_one(stored: Callable[..., Path]) -> None:
    expected = objects(read_index(stored()))
    index = read_index(stored(every("annotations", lambda entry: entry.pop("id"))))
    assert objects(index) == expected
    assert index.annotations["annotation_id"].to_list() == [1, 2, 3]


def test_ids_that_are_unique_in_each_image_only_lose_no_object(stored: Callable[..., Path]) -> None:
    expected = objects(read_index(stored()))
    index = read_index(stored(every("annotations", lambda entry: entry.update(id=1))))
    assert objects(index) == expected
    assert index.annotations["annotation_id"].is_unique().all()
    assert [problem.code for problem in index.info.problems] == ["repeated-id"]


def test_a_mask_without_a_box_gives_the_box_around_it(stored: Callable[..., Path]) -> None:
    def masks(content: Document) -> None:
        for annotation in content["annotations"]:
            x, y, width, height = annotation.pop("bbox")
            annotation["segmentation"] = [[x, y, x + width, y, x + width, y + height, x, y + height]]

    expected = objects(read_index(stored()))
    index = read_index(stored(masks))
    assert objects(index) == expected
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("mask", 3)]


def test_without_any_box_annotations_are_labels_of_whole_images(stored: Callable[..., Path]) -> None:
    def bare(entry: Document) -> None:
        entry.pop("bbox")
        entry.pop("segmentation", None)
        entry.pop("area", None)

    index = read_index(stored(every("annotations", bare)))
    assert not index.info.boxes_known
    assert index.annotations.select("x", "y", "width", "height", "area").rows() == [
        (0.0, 0.0, 100.0, 80.0, 8000.0),
        (0.0, 0.0, 100.0, 80.0, 8000.0),
        (0.0, 0.0, 50.0, 60.0, 3000.0),
    ]
    assert [problem.code for problem in index.info.problems] == ["no-boxes"]


def test_lviss_file_names_are_those_of_its_urls(stored: Callable[..., Path]) -> None:
    def urls(entry: Document) -> None:
        entry["coco_url"] = f"http://images.cocodataset.org/val2017/{entry.pop('file_name')}"

    index = read_index(stored(every("images", urls)))
    assert index.images["file_name"].to_list() == ["val2017/1.jpg", "val2017/2.jpg"]
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("url-name", 2)]


def test_roboflows_group_is_not_a_class_of_its_own(stored: Callable[..., Path]) -> None:
    index = read_index(stored(lambda content: content["categories"].insert(0, {"id": 0, "name": "dog"})))
    assert index.categories["category_id"].to_list() == [2, 8]
    assert [problem.code for problem in index.info.problems] == ["unused-category"]


def test_a_bad_entry_refuses_no_file_with_good_ones(stored: Callable[..., Path], tmp_path: Path) -> None:
    def spoil(content: Document) -> None:
        content["annotations"] += [{"id": 77}, 5, None, {"id": 78, "image_id": [], "category_id": 2}]

    index = read_index(stored(spoil))
    assert index.annotations["annotation_id"].to_list() == [5, 7, 9]
    (problem,) = index.info.problems
    assert problem.message == (
        '4 annotations can\'t be used (annotations[3] has no "image_id", annotations[4] is no object, '
        "annotations[5] is no object, …): dropped"
    )


def test_images_without_annotations_are_a_class_where_they_are_to_be(stored: Callable[..., Path]) -> None:
    def empty(content: Document) -> None:
        content["images"] += [
            {"id": 3, "file_name": "3.jpg", "width": 10, "height": 20},
            {"id": 4, "file_name": "4.jpg", "width": 10, "height": 20},
            {"id": 5, "file_name": "./2.jpg", "width": 50, "height": 60},  # another name of an image that has some
        ]
        content["annotations"].append({"id": 11, "image_id": 4, "category_id": 2, "bbox": [0, 0, 0, 0]})

    path = stored(empty)
    assert read_index(path).annotations.height == 3
    index = read_index(path, none="background")
    assert index.categories.rows()[-1] == (9, "background", "")
    own = index.annotations.filter(pl.col("category_id") == 9)
    assert own.select("image_id", "x", "y", "width", "height", "area").rows() == [(3, 0.0, 0.0, 10.0, 20.0, 200.0)]
    with pytest.raises(ConfigError, match=r"data.none = 'cat' is the name of a category"):
        read_index(path, none="cat")


def many(boxes: list[list[float]], size: tuple[int, int] = (100, 80)) -> Document:
    return {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": size[0], "height": size[1]} for n in range(1, len(boxes) + 1)
        ],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": box} for n, box in enumerate(boxes, 1)],
        "categories": [{"id": 1, "name": "cat"}],
    }


def write(folder: Path, content: Document) -> Path:
    path = folder / "boxes.json"
    path.write_text(json.dumps(content))
    return path


PIXELS = [[10.0 + n, 20.0, 30.0, 40.0] for n in range(12)]


@pytest.mark.parametrize(
    ("box_format", "written"),
    [
        ("xywh", lambda x, y, w, h: [x, y, w, h]),
        ("xyxy", lambda x, y, w, h: [x, y, x + w, y + h]),
        ("cxcywh", lambda x, y, w, h: [x + w / 2, y + h / 2, w, h]),
    ],
)
@pytest.mark.parametrize("fractions", [False, True])
def test_each_format_of_boxes_gives_the_same_ones(
    tmp_path: Path, box_format: Any, written: Callable[..., list[float]], fractions: bool
) -> None:
    scale = (100, 80, 100, 80) if fractions else (1, 1, 1, 1)
    boxes = [[value / side for value, side in zip(written(*box), scale, strict=True)] for box in PIXELS]
    path = write(tmp_path, many(boxes))
    index = read_index(path, box_format=box_format)
    found = index.annotations.select("x", "y", "width", "height").to_numpy()
    assert found == pytest.approx(pl.DataFrame(PIXELS, orient="row").to_numpy())
    assert index.info.problems == ()
    if fractions:
        with pytest.raises(AnnotationsError, match=r"all 12 boxes are between 0 and 1.* Set data.box_format"):
            read_index(path)


def test_few_boxes_within_one_pixel_are_pixels_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, many([[0.1, 0.2, 0.3, 0.4]] * 9))
    index = read_index(path)
    assert index.annotations["width"].to_list() == [0.3] * 9
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("tiny-boxes", 9)]
    assert read_index(path, box_format="xywh").annotations["width"].to_list() == pytest.approx([30.0] * 9)


def test_boxes_of_nothing_are_no_fractions(tmp_path: Path) -> None:
    index = read_index(write(tmp_path, many([[0, 0, 0, 0]] * 12)))
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("empty-box", 12)]


def test_few_photos_that_may_be_turned_do_not_refuse_a_file_with_many_good_ones(tmp_path: Path) -> None:
    content = many([*PIXELS, *([[10, 70, 30, 25]] * 11)])
    index = read_index(write(tmp_path, content))
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("box-over-border", 11)]


def test_corners_in_place_of_sides_are_noticed(tmp_path: Path) -> None:
    corners = [[50.0 + n, 50.0, 70.0 + n, 75.0] for n in range(12)]
    path = write(tmp_path, many(corners))
    with pytest.raises(AnnotationsError, match=r'12 of 12 boxes leave their image.*set data.box_format = "xyxy"'):
        read_index(path)
    assert read_index(path, box_format="xyxy").annotations["width"].to_list() == [20.0] * 12


def test_boxes_of_a_larger_copy_are_noticed(tmp_path: Path) -> None:
    large = [[3 * side for side in box] for box in PIXELS]
    path = write(tmp_path, many(large))
    with pytest.raises(AnnotationsError, match="widths and heights may be those of other copies") as refused:
        read_index(path)
    assert 'data.box_format = "xywh" takes them as they are' in str(refused.value)
    codes = [problem.code for problem in read_index(path, box_format="xywh").info.problems]
    assert codes == ["box-over-border"]
