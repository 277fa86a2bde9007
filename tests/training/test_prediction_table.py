"""Predictions as CSV and JSON files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bakeoff.core.errors import ConfigError
from bakeoff.training.predict import Prediction
from bakeoff.training.prediction_table import save_predictions
from bakeoff.workflow.compare import compare_files

ANSWERS = (
    Prediction.of("a/=1.jpg", ("=cat", "dog"), np.array([0.25, 0.75], dtype=np.float32)),
    Prediction("=2.jpg", error="the file is empty"),
    Prediction.of("b/3.jpg", ("=cat", "dog"), np.array([0.5, 0.5], dtype=np.float32)),
)


def test_csv_and_json_hold_the_same(tmp_path: Path) -> None:
    for name in ("table.csv", "table.json"):
        save_predictions(ANSWERS, tmp_path / name)
    assert list(csv.reader((tmp_path / "table.csv").read_text().splitlines())) == [
        ["image", "predicted", "probability", "prob_=cat", "prob_dog", "error"],
        ["a/=1.jpg", "dog", "0.75", "0.25", "0.75", ""],
        ["'=2.jpg", "", "", "", "", "the file is empty"],
        ["b/3.jpg", "'=cat", "0.5", "0.5", "0.5", ""],
    ]
    first, second, _ = json.loads((tmp_path / "table.json").read_text())
    assert (first["predicted"], first["probability"], first["probabilities"]["=cat"]) == ("dog", 0.75, 0.25)
    assert (second["predicted"], second["probability"], second["error"]) == ("", None, "the file is empty")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.csv or \.json"):
        save_predictions(ANSWERS, tmp_path / "table.xlsx")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_compare_reads_it(tmp_path: Path, suffix: str) -> None:
    answers = [
        Prediction.of(f"{number}.jpg", ("cat", "dog"), np.array([1 - share, share], dtype=np.float32))
        for number, share in enumerate((0.25, 0.75, 0.5, 0.875))
    ]
    save_predictions(answers, tmp_path / f"mine.{suffix}")
    (tmp_path / "labels.csv").write_text("image,label\n0.jpg,cat\n1.jpg,dog\n2.jpg,dog\n3.jpg,dog\n")
    found = compare_files([tmp_path / f"mine.{suffix}"], tmp_path / "labels.csv", classes=("cat", "dog"))
    (own,) = found.comparison.networks
    assert own.val_accuracy.mean == 0.75
    assert own.nll.mean == pytest.approx(np.mean([-np.log(p) for p in (0.75, 0.75, 0.5, 0.875)]))
