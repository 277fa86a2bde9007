"""A data set that can be learned in a second, on disk."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bakeoff.config.data import SelectionConfig
from bakeoff.config.schema import Recipe
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.training.run import RunSpec

CLASSES = ("dark", "middle", "bright")
SIDE = 16
PER_CLASS = {"train": 20, "val": 6}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Noise of three brightnesses, 16 x 16 pixels, 20 + 6 images a class; a box of each in the left half."""
    draws = np.random.default_rng(0)
    folder = tmp_path / "dataset"
    folder.mkdir()
    rows = []
    for split in PER_CLASS:
        labels = np.repeat(np.arange(3), PER_CLASS[split])
        noise = draws.integers(0, 60, (len(labels), SIDE, SIDE, 3))
        np.save(folder / f"{split}.npy", (noise + 90 * labels[:, None, None, None]).astype(np.uint8))
        rows += [(split, len(rows) + i, int(label), [CLASSES[label]]) for i, label in enumerate(labels)]
    manifest = pl.DataFrame(rows, schema=["split", "image_id", "label", "annotated"], orient="row")
    box = pl.struct(pl.col("annotated").list.first().alias("label"), x=0.0, y=0.0, width=0.5, height=1.0)
    manifest = manifest.with_columns(width=640, height=480, boxes=pl.concat_list(box))
    selection = SelectionInfo(SelectionConfig(classes=CLASSES), "instances.json", "0", "0")
    counts = {split: 3 * count for split, count in PER_CLASS.items()}
    info = DatasetInfo(CLASSES, SIDE, "area", 95, counts, selection, "photos", 0, "d1", "r1", {})
    return Dataset(folder, info, manifest, pl.DataFrame)


@pytest.fixture
def spec() -> RunSpec:
    """Two epochs of net1."""
    return RunSpec("net1", "net1", "", 0, Recipe(epochs=2, log_every=4), CLASSES, SIDE, "area", "d1", "cpu")
