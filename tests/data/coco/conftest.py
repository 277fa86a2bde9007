"""A small instances file, and hostile ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


@pytest.fixture
def small() -> Document:
    """Image 1 holds a cat and a crowd, image 2 a dog."""
    return {
        "images": [
            {"id": 1, "file_name": "1.jpg", "width": 100, "height": 80},
            {"id": 2, "file_name": "2.jpg", "width": 50, "height": 60},
        ],
        "annotations": [
            {"segmentation": [[1.5, 2, 3, 4]], "id": 9, "image_id": 2, "category_id": 8, "bbox": [5, 6, 7, 8]},
            {
                "segmentation": {"counts": [1, 2], "size": [80, 100]},
                "id": 5,
                "image_id": 1,
                "category_id": 8,
                "bbox": [0, 0, 50, 40],
                "area": 900.5,
                "iscrowd": 1,
            },
            {"id": 7, "image_id": 1, "category_id": 2, "bbox": [1.5, 2, 10, 20], "area": 150},
        ],
        "categories": [{"id": 8, "name": "dog", "supercategory": "animal"}, {"id": 2, "name": "cat"}],
    }


@pytest.fixture
def stored(tmp_path: Path, small: Document) -> Callable[[Callable[[Document], object]], Path]:
    """Writes the small file after a change."""

    def write(change: Callable[[Document], object] = lambda _: None) -> Path:
        change(small)
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(small))
        return path

    return write
