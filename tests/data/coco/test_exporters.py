"""Instances files as exporters write them, imitated: the same selection, boxes and pixels as from a plain file.

`benchmarks/exporters.py` asks the exporters themselves.
"""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest
from tests.data.conftest import drawing, encoded, photo, plant
from tests.data.test_parts import experiment

from bakeoff.data.inputs import open_index
from bakeoff.workflow import pipeline

Document = dict[str, Any]
OBJECTS = {
    "a.jpg": [("cat", [1, 2, 30, 20])],
    "b.png": [("dog", [5, 6, 40, 30]), ("cat", [0, 0, 10, 8])],
    "c.jpg": [],
    "d.jpg": [("dog", [20, 10, 32, 24])],
    "more/e.jpg": [("cat", [10, 10, 20.5, 20])],
    "more/f.jpg": [("dog", [0, 0, 60, 48])],
}
"""By photo its objects: class and box."""
SPLITS = "a,train\nb,train\nc,train\nd,val\ne,val\nf,val\n"
CATEGORIES = {17: "cat", 18: "dog"}


def plain() -> Document:
    ids = {name: number for number, name in CATEGORIES.items()}
    images = [{"id": n, "file_name": file, "width": 60, "height": 48} for n, file in enumerate(OBJECTS, 21)]
    annotations = [
        {"image_id": n, "category_id": ids[name], "bbox": box, "iscrowd": 0, "area": box[2] * box[3]}
        for n, objects in enumerate(OBJECTS.values(), 21)
        for name, box in objects
    ]
    return {
        "images": images,
        "annotations": [{"id": n, **each} for n, each in enumerate(annotations, 101)],
        "categories": [{"id": number, "name": name, "supercategory": "pet"} for number, name in CATEGORIES.items()],
    }


def update(entries: list[Document], **fields: object) -> None:
    """Sets fields of all entries; one whose value is a function gets what it makes of the entry."""
    for entry in entries:
        entry.update({key: value(entry) if callable(value) else value for key, value in fields.items()})


def corners(entry: Document) -> list[list[float]]:
    x, y, width, height = entry["bbox"]
    return [[x, y, x + width, y, x + width, y + height, x, y + height]]


def name(entry: Document) -> str:
    return PurePosixPath(entry["file_name"]).name


def datumaro(content: Document, _: Path) -> None:
    content["licenses"] = [{"name": "", "id": 0, "url": ""}]
    content["info"] = {"contributor": "", "date_created": "", "description": "", "url": "", "version": "", "year": ""}
    update(content["images"], license=0, flickr_url="", coco_url="", date_captured=0)
    update(content["annotations"], segmentation=[], attributes={"occluded": False, "rotation": 0.0})
    renumber(content, first=1)
    content["images"].reverse()


def supervision(content: Document, _: Path) -> None:
    content["info"] = {}
    content["licenses"] = [{"id": 1, "url": "https://creativecommons.org/licenses/by/4.0/", "name": "CC BY 4.0"}]
    update(content["images"], license=1, date_captured="11/27/2026,01:27:18")
    update(content["categories"], supercategory="common-objects")
    update(content["annotations"], bbox=lambda entry: [*map(float, entry["bbox"])], segmentation=corners)


def globox(content: Document, _: Path) -> None:
    update(content["annotations"], id=lambda entry: entry["id"] - 101, ignore=0, segmentation=[])
    update(content["categories"], supercategory="none")


def labelme2coco(content: Document, root: Path) -> None:
    update(content["images"], file_name=lambda entry: str(root / "photos" / entry["file_name"]))
    update(content["categories"], supercategory=lambda entry: entry["name"])
    renumber(content, first=0)


def label_studio(content: Document, root: Path) -> None:
    update(content["images"], file_name=lambda entry: f"images/{name(entry)}")
    update(content["annotations"], ignore=0, segmentation=[])
    for category in content["categories"]:
        del category["supercategory"]
    content["info"] = {"year": 2026, "version": "1.0", "contributor": "Label Studio", "date_created": "2026-11-27"}


def label_studio_local_files(content: Document, _: Path) -> None:
    update(content["images"], file_name=lambda entry: f"/data/local-files/?d=sets/{entry['file_name']}")


def fiftyone(content: Document, _: Path) -> None:
    content["info"] = {"year": "", "version": "", "url": "https://voxel51.com/fiftyone", "date_created": "2026-11-27"}
    content["licenses"] = []
    update(content["images"], license=None, coco_url=None)
    update(content["categories"], supercategory=None)


def pylabel(content: Document, _: Path) -> None:
    nothing = dict.fromkeys(("segmented", "pose", "truncated", "difficult", "segmentation"))
    update(content["images"], folder="photos", path=None, depth=None)
    update(content["annotations"], iscrowd=0.0, **nothing)
    content["annotations"].insert(3, dict(content["annotations"][2]))  # where a photo has none it repeats the last


def pylabel_before(content: Document, root: Path) -> None:
    pylabel(content, root)
    update(content["annotations"], category_id=lambda entry: str(entry["category_id"]))
    update(content["categories"], id=lambda entry: str(entry["id"]))


def roboflow(content: Document, _: Path) -> None:
    update(content["categories"], supercategory="dog")
    content["categories"].insert(0, {"id": 0, "name": "dog", "supercategory": "none"})
    content["licenses"] = [{"id": 1, "url": "https://creativecommons.org/licenses/by/4.0/", "name": "CC BY 4.0"}]
    update(content["images"], license=1, extra=lambda entry: {"name": name(entry)})


def cvat(content: Document, _: Path) -> None:
    update(content["images"], file_name=lambda entry: f"train/{entry['file_name']}", license=0, date_captured=0)
    update(content["annotations"], segmentation=corners, attributes={"occluded": False})


def windows(content: Document, _: Path) -> None:
    update(content["images"], file_name=lambda entry: entry["file_name"].replace("/", "\\"))


def web_addresses(content: Document, _: Path) -> None:
    update(content["images"], file_name=lambda entry: f"https://example.org/set%201/{entry['file_name']}?size=full")


def renumber(content: Document, first: int) -> None:
    """Counts the categories from another number."""
    for category in content["categories"]:
        category["id"] += first - 17
    update(content["annotations"], category_id=lambda entry: entry["category_id"] + first - 17)


IMITATIONS: dict[Callable[[Document, Path], None], set[str]] = {
    datumaro: set(),
    supervision: set(),
    globox: set(),
    labelme2coco: {"file-name"},
    label_studio: {"file-name"},
    label_studio_local_files: {"file-name"},
    fiftyone: set(),
    pylabel: {"double-annotation"},
    pylabel_before: {"double-annotation"},
    roboflow: {"unused-category"},
    cvat: {"file-name"},
    windows: {"file-name"},
    web_addresses: {"file-name"},
}
"""By what rewrites the plain file the codes of what is said."""


def read(root: Path, content: Document) -> tuple[list[Any], set[str]]:
    """Of each photo its name, split, label, boxes and pixels; and the codes of the problems."""
    (root / "split.csv").write_text(SPLITS)
    (root / "instances.json").write_bytes(msgspec.json.encode(content))
    paths = {"annotations": "instances.json", "images": "photos", "split_list": "split.csv"}
    given = experiment("data.policy=dominant", *(f"data.{key}={root / path}" for key, path in paths.items()))
    index, _ = open_index(given.data, None)
    dataset = pipeline.build(given, root / "out")
    rows = [
        (name(row), split, row["label"], row["boxes"], dataset.images[split][at].tobytes())
        for split in dataset.info.counts
        for at, row in enumerate(dataset.rows(split).iter_rows(named=True))
    ]
    return sorted(rows, key=lambda row: row[0]), {problem.code for problem in index.info.problems}


@pytest.mark.parametrize("imitate", IMITATIONS, ids=lambda imitate: imitate.__name__)
def test_an_exporters_file_gives_what_a_plain_one_gives(tmp_path: Path, imitate: Callable[[Any, Path], None]) -> None:
    for folder in ("plain", "exported"):
        photos = {file: photo(seed) for seed, file in enumerate(OBJECTS)}
        plant(tmp_path / folder / "photos", {**photos, "b.png": encoded(drawing(9), "PNG")})
    content = plain()
    imitate(content, tmp_path / "exported")
    expected, _ = read(tmp_path / "plain", plain())
    found, said = read(tmp_path / "exported", content)
    assert [row[:3] for row in expected] == [
        *(("a.jpg", "train", 0), ("b.png", "train", 1), ("d.jpg", "val", 1), ("e.jpg", "val", 0), ("f.jpg", "val", 1))
    ]
    assert found == expected
    assert said == IMITATIONS[imitate]
