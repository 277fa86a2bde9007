"""Inputs of a size that nobody has yet; `benchmarks/limits.py` measures time and memory of larger ones."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from bakeoff.config.data import DataConfig, SelectionConfig
from bakeoff.data import build, inputs, selection


def instances(path: Path, images: int, annotations: int, categories: int) -> str:
    document = {
        "images": [{"id": one, "file_name": f"{one}.jpg", "width": 640, "height": 480} for one in range(images)],
        "categories": [{"id": one, "name": f"class {one}"} for one in range(categories)],
        "annotations": [
            {"id": one, "image_id": one % images, "category_id": one % categories, "bbox": [1, 2, 30, 40], "iscrowd": 0}
            for one in range(annotations)
        ],
    }
    path.write_bytes(msgspec.json.encode(document))
    return str(path)


@pytest.mark.parametrize(
    ("images", "annotations", "categories"),
    [
        pytest.param(2_000, 200_000, 80, id="many annotations"),
        pytest.param(1_000, 100_000, 100_000, id="100,000 categories"),
        pytest.param(2, 200_000, 80, id="100,000 boxes in an image"),
        pytest.param(50_000, 5_000_000, 80, id="5 million annotations", marks=pytest.mark.slow),
        pytest.param(2, 2_000_000, 80, id="1 million boxes in an image", marks=pytest.mark.slow),
    ],
)
def test_what_is_large_is_read_chosen_from_and_built(
    tmp_path: Path, images: int, annotations: int, categories: int
) -> None:
    index = inputs.read_index(instances(tmp_path / "large.json", images, annotations, categories), None)
    assert (index.images.height, index.annotations.height) == (images, annotations)
    assert index.categories.height == categories
    config = SelectionConfig(classes=("class 1", "class 2"), policy="first-fit", train_per_class=1, val_per_class=0)
    chosen = selection.select(index, config)
    assert chosen.chosen["label"].to_list() == ["class 1", "class 2"]
    photo = cv2.imencode(".jpg", np.zeros((480, 640, 3), np.uint8))[1].tobytes()
    for name in chosen.chosen["file_name"]:
        (tmp_path / name).write_bytes(photo)
    source = inputs.open_source(DataConfig(annotations=str(tmp_path / "large.json"), images=str(tmp_path)))
    made = build.build(chosen, source, tmp_path / "set", size=16, resize="stretch", filter="area", quality=95)
    assert made.images["train"].shape == (2, 16, 16, 3)


@pytest.mark.parametrize("files", [1_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_files_of_no_interest_do_no_harm(tmp_path: Path, files: int) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(files):
        (tmp_path / "photos" / f"{number}.jpg").touch()
    annotations = instances(tmp_path / "a.json", 10, 100, 5)
    index = inputs.read_index(annotations, None, images=str(tmp_path / "photos"))
    assert index.images.height == 10
    assert index.info.problems == ()
