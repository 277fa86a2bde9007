"""Stored predictions made up for the tests of evaluation."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from bakeoff.config.data import SelectionConfig
from bakeoff.config.schema import Recipe
from bakeoff.core.types import Environment
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.training.run import Predictions, Run, RunRecord, RunSpec

CLASSES = ("ant", "bee", "cat")
Row = tuple[str, int, list[str]]


def make_dataset(train: Sequence[int], val: Sequence[int], annotated: Sequence[list[str]] | None = None) -> Dataset:
    """A data set of labels without pixels; `annotated` is for the validation images, by default their own class."""
    labels = [*train, *val]
    held = [[CLASSES[label]] for label in train] + (
        [list(names) for names in annotated] if annotated else [[CLASSES[label]] for label in val]
    )
    manifest = pl.DataFrame(
        {
            "split": ["train"] * len(train) + ["val"] * len(val),
            "image_id": range(len(labels)),
            "label": labels,
            "annotated": held,
        },
        schema={"split": pl.String, "image_id": pl.Int64, "label": pl.Int64, "annotated": pl.List(pl.String)},
    )
    selection = SelectionInfo(SelectionConfig(classes=CLASSES), "instances.json", "0", "0")
    info = DatasetInfo(
        CLASSES, 8, "area", 95, {"train": len(train), "val": len(val)}, selection, "photos", 0, "d1", "r1", {}
    )
    return Dataset(Path("dataset"), info, manifest, pl.DataFrame)


def make_run(
    dataset: Dataset, predicted: Sequence[int], *, network: str = "net1", seed: int = 0, loss: float = 0.6
) -> Run:
    """A finished run that predicted these labels for the training, then the validation images, each with this loss."""
    spec = RunSpec(network, network, "", seed, Recipe(), CLASSES, 8, "area", dataset.info.digest, "cpu")
    record = RunRecord("finished", "", 2.0 + seed, 1, None, Environment("3", "x", 1, {}))
    table = dataset.manifest.select("split", "image_id", "label").with_columns(
        pl.Series("predicted", predicted), pl.lit(loss).alias("loss")
    )
    return Run(Path(f"runs/{network}-seed{seed}"), spec, record, (), Predictions(table))


@pytest.fixture
def dataset_factory() -> Callable[..., Dataset]:
    """`make_dataset`."""
    return make_dataset


@pytest.fixture
def run_factory() -> Callable[..., Run]:
    """`make_run`."""
    return make_run
