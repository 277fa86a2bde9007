"""The index: real files against pycocotools, what is checked, and what is wrong with other files."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.coco import images_with, read_index, summary

Document = dict[str, Any]


def document() -> Document:
    """A small instances file: image 1 holds a cat and a crowd of dogs, image 2 a dog, image 3 nothing."""
    return {
        "info": {"year": 2017},
        "licenses": [{"id": 4, "name": "CC BY", "url": "http://by"}],
        "images": [
            {"id": 3, "file_name": "3.jpg", "width": 100, "height": 80},
            {"id": 1, "file_name": "1.jpg", "width": 100, "height": 80, "license": 4, "coco_url": "http://1"},
            {"id": 2, "file_name": "2.jpg", "width": 50, "height": 60, "license": None},
        ],
        "annotations": [
            {"id": 9, "image_id": 2, "category_id": 8, "bbox": [5, 6, 7, 8], "segmentation": [[1, 2, 3, 4]]},
            {"id": 5, "image_id": 1, "category_id": 8, "bbox": [0, 0, 50, 40], "area": 900.5, "iscrowd": 1},
            {"id": 7, "image_id": 1, "category_id": 2, "bbox": [1.5, 2, 10, 20], "area": 150, "iscrowd": 0},
        ],
        "categories": [{"id": 8, "name": "dog", "supercategory": "animal"}, {"id": 2, "name": "cat"}],
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "instances.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_the_columns_of_a_small_file(tmp_path: Path) -> None:
    index = read_index(write(tmp_path, document()))
    assert index.images.rows() == [
        (1, "1.jpg", 100, 80, 4, "http://1"),
        (2, "2.jpg", 50, 60, None, None),
        (3, "3.jpg", 100, 80, None, None),
    ]
    assert index.annotations.rows() == [
        (5, 1, 8, 0.0, 0.0, 50.0, 40.0, 900.5, True),
        (7, 1, 2, 1.5, 2.0, 10.0, 20.0, 150.0, False),
        (9, 2, 8, 5.0, 6.0, 7.0, 8.0, 56.0, False),
    ]
    assert index.categories.rows() == [(2, "cat", ""), (8, "dog", "animal")]
    assert [(entry.id, entry.name) for entry in index.info.licenses] == [(4, "CC BY")]
    assert index.info.problems == ()
    assert images_with(index, 8) == [1, 2]
    assert summary(index).rows() == [("dog", 2, 2, 1), ("cat", 1, 1, 0)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draws=st.data())
def test_the_order_of_entries_does_not_matter(tmp_path: Path, draws: st.DataObject) -> None:
    doubled = {section: document()[section] * 2 for section in ("images", "annotations", "categories")}
    content = {section: draws.draw(st.permutations(entries)) for section, entries in doubled.items()}
    index, expected = read_index(write(tmp_path, content)), read_index(write(tmp_path, doubled))
    assert index.images.equals(expected.images)
    assert index.annotations.equals(expected.annotations)
    assert index.categories.equals(expected.categories)
    assert index.info.problems == expected.info.problems
    assert [problem.code for problem in expected.info.problems] == [
        *("double-image", "double-category", "double-annotation")
    ]


def assert_agrees_with_pycocotools(path: Path) -> None:
    index, oracle = read_index(path), COCO(str(path))
    assert index.images["image_id"].to_list() == sorted(oracle.getImgIds())
    assert index.info.problems == () or index.annotations.height < len(oracle.anns)
    for category, name in index.categories.select("category_id", "name").iter_rows():
        assert oracle.getCatIds(catNms=[name]) == [category]
        assert images_with(index, category) == sorted(oracle.getImgIds(catIds=[category])), name


@pytest.mark.parametrize("name", ["coco64", "coco-full"])
def test_category_queries_agree_with_pycocotools(coco_data: Path, name: str) -> None:
    assert_agrees_with_pycocotools(coco_data / name / "instances.json")


def test_category_queries_agree_with_pycocotools_on_train2014(coco_data: Path, tmp_path: Path) -> None:
    if not shutil.which("zstd"):
        pytest.skip("the zstd command is needed to unpack the file")
    path = tmp_path / "instances.json"
    packed = coco_data / "instances_train2014_boxes.json.zst"
    subprocess.run(["zstd", "-dq", str(packed), "-o", str(path)], check=True)
    assert_agrees_with_pycocotools(path)


def changed(change: Any) -> Document:
    content = document()
    change(content)
    return content


@pytest.mark.parametrize(
    ("change", "code", "count", "kept"),
    [
        (lambda d: d["annotations"][0].update(image_id=77), "unknown-image", 1, 2),
        (lambda d: d["annotations"][0].update(category_id=77), "unknown-category", 1, 2),
        (lambda d: d["annotations"][0].update(id=7), "repeated-id", 2, 3),
        (lambda d: d["annotations"].append(copy.deepcopy(d["annotations"][0])), "double-annotation", 1, 3),
        (lambda d: d["annotations"][0].pop("id"), "repeated-id", 1, 3),
        (lambda d: d["annotations"][0].update(bbox=None, segmentation=None), "no-box", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[], segmentation=[]), "no-box", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[]), "mask", 1, 3),
        (lambda d: d["annotations"][0].update(bbox=[1, 2]), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=["5", "six", 7, 8]), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].update(bbox="5,6,7,8"), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[5, 10**400, 7, 8]), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].update(image_id=10**400), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].pop("image_id"), "bad-entry", 1, 2),
        (lambda d: d["annotations"][0].update(category_id=None), "bad-entry", 1, 2),
        (lambda d: d["annotations"].append(None), "bad-entry", 1, 3),
        (lambda d: d["images"].append("4.jpg"), "bad-entry", 1, 3),
        (lambda d: d["images"].append({"id": 4, "width": 1, "height": 1}), "bad-entry", 1, 3),
        (lambda d: d["images"].append({"file_name": "4.jpg"}), "bad-entry", 1, 3),
        (lambda d: d["categories"].append({"id": 9, "name": None}), "bad-entry", 1, 3),
        (lambda d: d["images"][1].update(license="CC BY"), "bad-license", 1, 3),
        (lambda d: d["annotations"][0].update(bbox=[5, 6, 0, 8]), "empty-box", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[5, 6, -2, 8]), "empty-box", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[60, 6, 2, 8]), "box-outside", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[-9, 6, 7, 8]), "box-outside", 1, 2),
        (lambda d: d["annotations"][0].update(bbox=[40, 6, 20, 8]), "box-over-border", 1, 3),
        (lambda d: d["annotations"][0].update(area=0), "no-area", 1, 3),
        (lambda d: d["annotations"][0].update(area=-5), "no-area", 1, 3),
        (lambda d: d["images"].append(copy.deepcopy(d["images"][0])), "double-image", 1, 3),
        (lambda d: d["categories"].append(copy.deepcopy(d["categories"][0])), "double-category", 1, 3),
        (lambda d: d["categories"].append({"id": 99, "name": "dog"}), "unused-category", 1, 3),
    ],
)
def test_what_is_not_as_it_should_be_is_reported(tmp_path: Path, change: Any, code: str, count: int, kept: int) -> None:
    index = read_index(write(tmp_path, changed(change)))
    assert [(problem.code, problem.count) for problem in index.info.problems] == [(code, count)]
    assert index.annotations.height == kept
    assert index.images.height == 3


@pytest.mark.parametrize("name", ["1.jpg", "./1.jpg", ".//./1.jpg"])
def test_images_that_name_one_file_are_one_with_the_annotations_of_both(tmp_path: Path, name: str) -> None:
    index = read_index(write(tmp_path, changed(lambda d: d["images"][2].update(file_name=name))))
    assert index.images["image_id"].to_list() == [1, 3]
    assert index.annotations.select("annotation_id", "image_id", "x", "y", "width", "height").rows() == [
        (5, 1, 0.0, 0.0, 50.0, 40.0),
        (7, 1, 1.5, 2.0, 10.0, 20.0),
        (9, 1, 10.0, 8.0, 14.0, 8 * 80 / 60),  # scaled from 50 x 60 to 100 x 80
    ]
    assert [(problem.code, problem.count) for problem in index.info.problems] == [("shared-file", 1)]


def test_of_an_annotation_that_both_images_of_a_file_have_one_is_kept(tmp_path: Path) -> None:
    def twice(content: Document) -> None:
        content["images"].append({**content["images"][1], "id": 8})
        content["annotations"].append({**content["annotations"][2], "id": 99, "image_id": 8})

    index = read_index(write(tmp_path, changed(twice)))
    assert index.annotations["annotation_id"].to_list() == [5, 7, 9]


def test_two_categories_of_one_name_that_are_both_used_are_ambiguous(tmp_path: Path) -> None:
    def share(content: Document) -> None:
        content["categories"].append({"id": 99, "name": "dog"})
        content["annotations"].append({"id": 10, "image_id": 1, "category_id": 99, "bbox": [1, 1, 5, 5]})

    index = read_index(write(tmp_path, changed(share)))
    assert [problem.code for problem in index.info.problems] == ["shared-name"]
    assert index.categories["category_id"].to_list() == [2, 8, 99]


def test_few_images_that_share_an_id_are_left_out(tmp_path: Path) -> None:
    def many(content: Document) -> None:
        content["images"] += [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in range(4, 30)]
        content["images"].append({"id": 2, "file_name": "other.jpg", "width": 9, "height": 9})

    index = read_index(write(tmp_path, changed(many)))
    assert 2 not in index.images["image_id"]
    assert [problem.code for problem in index.info.problems] == ["ambiguous-image", "unknown-image"]


def test_a_box_that_leaves_its_image_is_clipped(tmp_path: Path) -> None:
    index = read_index(write(tmp_path, changed(lambda d: d["annotations"][0].update(bbox=[-5, 50.5, 20, 20]))))
    row = index.annotations.filter(pl.col("annotation_id") == 9).row(0, named=True)
    assert (row["x"], row["y"], row["width"], row["height"]) == (0.0, 50.5, 15.0, 9.5)
    assert row["area"] == 15.0 * 9.5, "the area of a box that has no mask is that inside of the image"


def test_a_box_within_the_tolerance_is_clipped_without_a_word(tmp_path: Path) -> None:
    index = read_index(write(tmp_path, changed(lambda d: d["annotations"][0].update(bbox=[40, 6, 10.5, 8]))))
    assert index.info.problems == ()
    assert index.annotations.row(2, named=True)["width"] == 10.0


@pytest.mark.parametrize("area", [-5, 0])
def test_an_area_that_is_not_positive_is_replaced_by_the_boxes(tmp_path: Path, area: int) -> None:
    index = read_index(write(tmp_path, changed(lambda d: d["annotations"][0].update(area=area))))
    assert index.annotations["area"].to_list() == [900.5, 150.0, 56.0]


def test_a_keypoints_file_is_an_instances_file(tmp_path: Path) -> None:
    content = changed(lambda d: d["annotations"][0].update(keypoints=[1, 2, 2], num_keypoints=1))
    assert read_index(write(tmp_path, content)).annotations.height == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: [one.pop("image_id") for one in d["annotations"]], r'annotations\[0\] has no "image_id"'),
        (
            lambda d: [one.update(category_id={}) for one in d["annotations"]],
            r"\[0\] has the category_id '\{\}'",
        ),
        (
            lambda d: [one.update(bbox=[1, 2]) for one in d["annotations"]],
            r"\[0\] has the bbox \[1, 2\], which",
        ),
        (lambda d: [one.pop("file_name") for one in d["images"]], r'images\[0\] has no "file_name"'),
        (lambda d: [one.update(id=2**70) for one in d["images"]], r"images\[0\] has the id '1180591620717411303424'"),
        (lambda d: [one.update(id=1.5) for one in d["images"]], r"images\[0\] has the id '1.5'"),
        (lambda d: d.update(images={"id": 1}), '"images" is no list'),
        (lambda d: d["images"].append({**d["images"][0], "width": 7}), r"different images have the same id \(ids 3\)"),
        (
            lambda d: d["images"].extend({**image, "width": 7} for image in d["images"][:]),
            r"different images have the same id \(ids 1, 2, 3\)",
        ),
        (
            lambda d: d["categories"].append({"id": 2, "name": "bird"}),
            r"different categories have the same id \(ids 2\)",
        ),
        (lambda d: d.pop("categories"), "it has no categories; a COCO instances file"),
        (lambda d: d.pop("annotations"), "it has no annotations; a COCO instances file"),
    ],
)
def test_what_can_not_be_used_is_an_error_that_names_the_place(tmp_path: Path, change: Any, message: str) -> None:
    with pytest.raises(AnnotationsError, match=message):
        read_index(write(tmp_path, changed(change)))


def other(**fields: object) -> Document:
    content = document()
    for annotation in content["annotations"]:
        annotation.pop("bbox")
        annotation.update(fields)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"P\x03\x04", "it is not JSON"),
        (json.dumps(document()).encode()[:300], "its JSON is cut off after 300 bytes; download or export it again"),
        (other(caption="a dog"), "it is a COCO captions file"),
        (other(segments_info=[]), "it is a COCO panoptic file"),
        ([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5}], "it holds a list, as COCO results"),
        ({"hello": 1}, "it has no images and no annotations and no categories"),
        (json.dumps(document()).encode("utf-16"), "UTF-16"),
        (json.dumps(document(), ensure_ascii=False).replace("dog", "h\xfcnd").encode("latin-1"), "not UTF-8"),
        (b'{"images": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (json.dumps(document()).replace("1.5", "NaN").encode(), "NaN or Infinity at byte"),
        (json.dumps(document()).replace("1.5", "1e999").encode(), "Number out of range"),
        (json.dumps(document()).replace('"cat"', r'"\ud800 and more than that"').encode(), "half of a surrogate"),
    ],
)
def test_a_file_that_is_something_else_is_recognised(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(AnnotationsError, match=message):
        read_index(write(tmp_path, content))


def test_a_file_cut_off_anywhere_is_called_cut_off(tmp_path: Path) -> None:
    raw = json.dumps({**document(), "more": [True, None, -1.5e-3, "h\xfcnd"]}, ensure_ascii=False).encode()
    for length in range(1, len(raw)):
        with pytest.raises(AnnotationsError, match=f"its JSON is cut off after {length} bytes"):
            read_index(write(tmp_path, raw[:length]))


def test_a_byte_order_mark_and_unknown_fields_do_no_harm(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + json.dumps({**document(), "more": {"deep": [1]}}).encode()
    assert read_index(write(tmp_path, content)).images.height == 3


def test_a_path_that_can_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, document())
    with pytest.raises(AnnotationsError, match=r"instance.json does not exist. There is instances.json in"):
        read_index(tmp_path / "instance.json")
    with pytest.raises(AnnotationsError, match="is a folder"):
        read_index(tmp_path)
    with pytest.raises(AnnotationsError, match="does not exist"):
        read_index(tmp_path / "no" / "such.json")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "instances.json/inside"])
@pytest.mark.parametrize("cached", [False, True])
def test_a_path_that_the_system_refuses(tmp_path: Path, name: str, cached: bool) -> None:
    write(tmp_path, document())
    with pytest.raises(AnnotationsError, match=r"can't be read: .* Give --annotations PATH"):
        read_index(tmp_path / name, tmp_path / "cache" if cached else None)


def test_the_cache_serves_the_same_index_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = write(tmp_path, document()), tmp_path / "cache"
    first = read_index(path, cache)
    with monkeypatch.context() as patch:
        patch.setattr("bakeoff.data.coco.reader.read_document", lambda *_: pytest.fail("the file was read again"))
        second = read_index(path, cache)
    assert second.info == first.info
    assert second.annotations.equals(first.annotations)
    content = document()
    content["images"].append({"id": 4, "file_name": "4.jpg", "width": 1, "height": 1})
    assert read_index(write(tmp_path, content), cache).images.height == 4


def test_a_cache_that_is_damaged_or_can_not_be_written_is_not_used(tmp_path: Path) -> None:
    path, cache = write(tmp_path, document()), tmp_path / "cache"
    read_index(path, cache)
    (table,) = cache.glob("*/annotations.parquet")
    table.write_bytes(b"PAR1")
    assert read_index(path, cache).annotations.height == 3
    (tmp_path / "file").write_text("")  # where the folder of the cache should be
    assert read_index(path, tmp_path / "file").annotations.height == 3


@pytest.mark.parametrize(
    "name", ["key.json", "info.json", "images.parquet", "annotations.parquet", "categories.parquet"]
)
def test_a_changed_byte_anywhere_in_the_cache_does_no_harm(tmp_path: Path, name: str) -> None:
    path, cache = write(tmp_path, changed(lambda d: d["annotations"][0].update(image_id=77))), tmp_path / "cache"
    first = read_index(path, cache)
    (file,) = cache.glob(f"*/{name}")
    whole = file.read_bytes()
    for place in range(0, len(whole), len(whole) // 40 + 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        index = read_index(path, cache)
        assert index.info == first.info
        assert index.images.equals(first.images)
        assert index.annotations.equals(first.annotations)
        assert index.categories.equals(first.categories)


def test_what_fiftyone_leaves_empty_is_read_as_missing(tmp_path: Path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 10, "height": 10, "license": None, "coco_url": None}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "area": None}],
        "categories": [{"id": 1, "name": "cat", "supercategory": None}],
        "licenses": [{"id": 1, "name": None, "url": None}],
    }
    (tmp_path / "fiftyone.json").write_text(json.dumps(document))
    index = read_index(tmp_path / "fiftyone.json")
    assert index.categories.rows() == [(1, "cat", "")]
    assert (index.info.licenses[0].name, index.info.licenses[0].url) == ("", "")
