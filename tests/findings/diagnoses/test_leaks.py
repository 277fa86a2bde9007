"""Leaks: planted across each border and by each kind of evidence, and data sets without any."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.data.conftest import drawing
from tests.evaluation.conftest import make_dataset
from tests.findings.conftest import with_photos

from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.results import Results
from bakeoff.findings.diagnoses.leaks import leaks
from bakeoff.findings.finding import Finding

TRAIN, VAL = (0, 0, 1, 1, 2, 2), (0, 1, 2, 0)
"""Labels; the manifest's rows 0 to 5 are training photos, 6 to 9 validation photos."""


@pytest.fixture
def find(tmp_path: Path, make_case) -> Callable[..., Finding]:
    """The finding of a data set of ten drawings; `columns` replaces values by row, `copies` draws a row as another."""

    def make(columns: Mapping[str, Mapping[int, object]] | None = None, copies: Mapping[int, int] | None = None):
        dataset: Dataset = with_photos(make_dataset(TRAIN, VAL), tmp_path, side=16)
        seeds = [(copies or {}).get(row, row) for row in range(10)]
        draw(dataset, seeds)
        manifest = dataset.manifest
        for name, values in (columns or {}).items():
            column = manifest[name].to_list()
            for row, value in values.items():
                column[row] = value
            manifest = manifest.with_columns(pl.Series(name, column))
        return leaks(make_case(replace(dataset, manifest=manifest), []))

    return make


def draw(dataset: Dataset, seeds: list[int]) -> None:
    """Saves drawings; a second one of a seed is a little brighter, as a copy may be."""
    pixels = [np.asarray(drawing(seed, (16, 16))) // 2 + 3 * seeds[:row].count(seed) for row, seed in enumerate(seeds)]
    np.save(dataset.folder / "train.npy", np.stack(pixels[: len(TRAIN)]))
    np.save(dataset.folder / "val.npy", np.stack(pixels[len(TRAIN) :]))


def test_nothing_planted_is_not_found(find) -> None:
    finding = find()
    assert finding.state == "not found"
    assert finding.verdict == "Each of 10 photos is in one split and under one class, by ids, bytes and pixels."
    assert finding.evidence["across"] == {"splits": 0, "classes": 0}


@pytest.mark.parametrize(
    ("kind", "columns", "copies"),
    [
        ("image id", {"image_id": {6: 0}}, {}),
        ("file name", {"file_name": {0: "train/000000123456.jpg", 6: "val/COCO_val2014_000000123456.jpg"}}, {}),
        ("bytes", {"source_digest": {6: "digest 0"}}, {}),
        ("pixels", {}, {6: 0}),
    ],
)
def test_each_evidence_is_found_in_both_splits(find, kind: str, columns: dict, copies: dict) -> None:
    finding = find(columns, copies)
    assert finding.state == "found"
    assert "1 photo leaks: 1 in both splits (25.0 % of the validation photos), 0 under several" in finding.verdict
    assert f"images/train/0.jpg = images/val/6.jpg (same {kind})" in finding.verdict
    assert finding.evidence["by"] == {name: int(name == kind) for name in ("image id", "file name", "bytes", "pixels")}


def test_several_classes_in_one_split(find) -> None:
    finding = find(copies={2: 0})
    assert finding.state == "found"
    assert finding.evidence["across"] == {"splits": 0, "classes": 1}
    assert "0 in both splits, 1 under several classes" in finding.verdict


def test_a_copy_in_its_own_class_and_split_is_no_leak(find) -> None:
    finding = find(copies={1: 0})
    assert finding.state == "not found"
    assert finding.evidence["repeated"] == 1


def test_names_that_count_are_no_leak(find) -> None:
    assert find({"file_name": {0: "train/1.jpg", 6: "val/1.jpg"}}).state == "not found"


def test_flat_photos_are_undecided(tmp_path: Path, make_case: Callable[..., Results]) -> None:
    dataset = with_photos(make_dataset(TRAIN, VAL), tmp_path, side=16)
    np.save(tmp_path / "val.npy", np.full((len(VAL), 16, 16, 3), 7, dtype=np.uint8))
    finding = leaks(make_case(dataset, []))
    assert finding.state == "undecided"
    assert "4 of 10 are flat" in finding.verdict


def test_one_photo_is_not_applicable(tmp_path: Path, make_case: Callable[..., Results]) -> None:
    assert leaks(make_case(with_photos(make_dataset([0], []), tmp_path), [])).state == "not applicable"
