"""Data sets from disk: what was built is read again, and what is damaged is refused with its path."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from dataset_samples import SETTINGS, MemorySource

from bakeoff.core.atomic import lock
from bakeoff.core.errors import StorageError
from bakeoff.core.seals import SEAL
from bakeoff.data.build import build, load
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.selection.selection import Selection

FILES = ["dataset.json", "manifest.parquet", "ledger.parquet", "train.npy", "val.npy"]


@pytest.fixture
def dataset(selection: Selection, source: MemorySource, tmp_path: Path) -> Dataset:
    built = build(selection, source, tmp_path / "set", **SETTINGS)
    (built.folder / SEAL).unlink()  # or whatever is changed is called altered, and no more is looked at
    return built


def change_info(folder: Path, **values: Any) -> None:
    path = folder / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_loaded_is_what_was_built(dataset: Dataset) -> None:
    loaded = load(dataset.folder)
    assert loaded.info == dataset.info
    assert loaded.manifest.equals(dataset.manifest)
    assert loaded.ledger.equals(dataset.ledger)
    for split in ("train", "val"):
        np.testing.assert_array_equal(loaded.images[split], dataset.images[split])


def test_folder_can_be_moved(dataset: Dataset, tmp_path: Path) -> None:
    dataset.folder.rename(tmp_path / "elsewhere [2]")
    loaded = load(tmp_path / "elsewhere [2]")
    assert loaded.images["val"].shape == (2, 8, 8, 3)


def test_a_reader_waits_while_another_process_puts_its_own_in_place(dataset: Dataset, tmp_path: Path) -> None:
    away = tmp_path / "away"
    with ThreadPoolExecutor(1) as reader:
        with lock(dataset.folder):
            dataset.folder.rename(away)
            reading = reader.submit(load, dataset.folder)
            with pytest.raises(TimeoutError):
                reading.result(timeout=0.5)
            away.rename(dataset.folder)
        assert reading.result().info == dataset.info


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named(dataset: Dataset, name: str) -> None:
    (dataset.folder / name).unlink()
    with pytest.raises(StorageError, match=rf"{name} is missing"):
        load(dataset.folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 0.5, 0.98])
def test_file_cut_short_is_named(dataset: Dataset, name: str, keep: float) -> None:
    path = dataset.folder / name
    raw = path.read_bytes()
    path.write_bytes(raw[: int(keep * len(raw))])
    with pytest.raises(StorageError, match=name):
        load(dataset.folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"dataset\.json is missing"):
        load(tmp_path / "nowhere")


def test_other_schema_is_refused(dataset: Dataset) -> None:
    change_info(dataset.folder, schema=2)
    with pytest.raises(StorageError, match="schema 2, this version of bakeoff reads schema 1"):
        load(dataset.folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 9}, r"train\.npy holds uint8 \(4, 8, 8, 3\).*records say uint8 \(4, 9, 9, 3\)"),
        ({"counts": {"train": 5, "val": 2}}, r"manifest\.parquet does not list the images.*'train': 5"),
        ({"counts": {"train": 4}}, "does not list the images"),
        ({"classes": ["cat"]}, r"manifest\.parquet has labels outside 0 to 0"),
        ({"filter": "cubic"}, r"dataset\.json is damaged"),
    ],
)
def test_records_that_disagree_are_refused(dataset: Dataset, values: dict[str, Any], message: str) -> None:
    change_info(dataset.folder, **values)
    with pytest.raises(StorageError, match=message):
        load(dataset.folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda table: table.head(3),
        lambda table: table.reverse(),
        lambda table: table.with_columns(pl.lit(None, pl.Int64).alias("label")),
        lambda table: table.with_columns(pl.col("label") - 1),
        lambda table: table.with_columns(pl.col("label").cast(pl.String)),
        lambda table: table.drop("boxes"),
    ],
    ids=["rows", "order", "no labels", "negative labels", "type", "column"],
)
def test_damaged_manifest_is_refused(dataset: Dataset, damage: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    damage(dataset.manifest).write_parquet(dataset.folder / "manifest.parquet")
    with pytest.raises(StorageError, match=r"manifest\.parquet"):
        load(dataset.folder)


def test_array_with_objects_is_never_unpickled(dataset: Dataset) -> None:
    np.save(dataset.folder / "val.npy", np.array([{}], dtype=object))
    with pytest.raises(StorageError, match=r"val\.npy holds object"):
        load(dataset.folder)
