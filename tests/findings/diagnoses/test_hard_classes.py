"""Hard classes: a planted confusion, a class never predicted, and neither."""

import numpy as np
import polars as pl
import pytest
from tests.findings.conftest import BLIND

from bakeoff.findings.diagnoses.hard_classes import hard_classes
from bakeoff.training.run import Predictions, Run


def with_guesses(run: Run, guesses: list[int]) -> Run:
    table = run.predictions.frame().with_columns(
        pl.when(pl.col("split") == "val")
        .then(pl.Series([0] * (run.predictions.frame().height - len(guesses)) + guesses))
        .otherwise(pl.col("predicted"))
        .alias("predicted")
    )
    return Run(run.folder, run.spec, run.record, run.log, Predictions(table))


def test_a_planted_confusion_is_found(dataset, train, make_case) -> None:
    (run,) = train("a", seeds=1)
    ant = [0] * 50 + [1] * 49 + [2]
    bee = [1] * 90 + [0] * 5 + [2] * 5
    cat = [2] * 90 + [0] * 5 + [1] * 5
    finding = hard_classes(make_case(dataset, [with_guesses(run, ant + bee + cat)]))
    assert finding.state == "found"
    assert "lowest recall is that of ant: 50.0 % (40.4 to 59.6)" in finding.verdict
    assert "ant predicted as bee (49)" in finding.verdict
    (network,) = finding.evidence["networks"]
    assert [(cell["true"], cell["predicted"]) for cell in network["confused"]] == [("ant", "bee")]
    assert network["recall"][0]["recall"] == pytest.approx(0.5)


def test_a_class_that_is_never_predicted_is_found(dataset, train, make_case) -> None:
    draws = np.random.default_rng(0)
    labels = [label for label in range(3) for _ in range(100)]
    guesses = [label if label < 2 else int(draws.integers(0, 2)) for label in labels]
    runs = [with_guesses(run, guesses) for run in train("a", seeds=2)]
    finding = hard_classes(make_case(dataset, runs))
    assert finding.state == "found"
    assert "a never predicts cat" in finding.verdict


def test_even_errors_are_no_finding(dataset, train, make_case) -> None:
    guesses = [
        (label + (0 if place < 70 else 1 if place < 85 else 2)) % 3 for label in range(3) for place in range(100)
    ]
    (run,) = train("a", seeds=1)
    finding = hard_classes(make_case(dataset, [with_guesses(run, guesses)]))
    assert finding.state == "not found"
    assert hard_classes(make_case(dataset, train("a", status="failed"))).state == "not applicable"


def test_the_baseline_predicts_one_class_by_design(dataset, train, make_case) -> None:
    labels = [label for label in range(3) for _ in range(100)]
    sure = [with_guesses(run, labels) for run in train("a", seeds=1)]
    floor = [with_guesses(run, [0] * 300) for run in train("majority", seeds=1, architecture=BLIND)]
    finding = hard_classes(make_case(dataset, sure + floor))
    assert finding.state == "not found"
    assert "never predicts" not in finding.verdict
