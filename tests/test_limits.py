"""Inputs of a size that nobody has yet; `benchmarks/limits.py` measures time and memory of larger ones."""

from pathlib import Path

import msgspec
import pytest

from bakeoff.config.data import SelectionConfig
from bakeoff.data import inputs, selection


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
def test_what_is_large_is_read_and_chosen_from(tmp_path: Path, images: int, annotations: int, categories: int) -> None:
    index = inputs.read_index(instances(tmp_path / "large.json", images, annotations, categories), None)
    assert (index.images.height, index.annotations.height) == (images, annotations)
    assert index.categories.height == categories
    config = SelectionConfig(classes=("class 1", "class 2"), policy="first-fit", train_per_class=1, val_per_class=0)
    chosen = selection.select(index, config).chosen
    assert chosen["label"].to_list() == ["class 1", "class 2"]
