"""Small indexes for the tests of selection."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from bakeoff.data.index import Index, IndexInfo

SIDE = 100


def make_index(images: Mapping[int, Sequence[tuple[str, float, bool]]], classes: Sequence[str]) -> Index:
    """An index of 100 x 100 images: for each image id its annotations as (class, share of the image's area, crowd)."""
    categories = pl.DataFrame(
        {"category_id": range(1, len(classes) + 1), "name": list(classes), "supercategory": [""] * len(classes)},
        schema={"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String},
    )
    rows = [(image, *annotation) for image, annotations in images.items() for annotation in annotations]
    annotations = pl.DataFrame(
        {
            "annotation_id": range(len(rows)),
            "image_id": [row[0] for row in rows],
            "category_id": [list(classes).index(row[1]) + 1 for row in rows],
            "x": [10.0] * len(rows),
            "y": [20.0] * len(rows),
            "width": [30.0] * len(rows),
            "height": [40.0] * len(rows),
            "area": [row[2] * SIDE * SIDE for row in rows],
            "crowd": [row[3] for row in rows],
        },
        schema_overrides={"image_id": pl.Int64, "category_id": pl.Int64, "area": pl.Float64, "crowd": pl.Boolean},
    )
    table = pl.DataFrame(
        {"image_id": sorted(images), "file_name": [f"{image}.jpg" for image in sorted(images)]},
        schema={"image_id": pl.Int64, "file_name": pl.String},
    ).with_columns(
        width=pl.lit(SIDE, pl.Int32),
        height=pl.lit(SIDE, pl.Int32),
        license=pl.lit(None, pl.Int64),
        url=pl.lit(None, pl.String),
    )
    return Index(IndexInfo("instances.json", "0123"), table, annotations, categories)


@pytest.fixture
def index_factory() -> object:
    """`make_index`."""
    return make_index
