"""Failed training: each sign planted, and a network that trained."""

import math

import polars as pl
from tests.findings.conftest import BLIND, epoch_lines

from bakeoff.findings.diagnoses.failed_training import failed_training
from bakeoff.training.run import Predictions


def test_networks_that_trained_are_not_accused(dataset, train, make_case) -> None:
    finding = failed_training(make_case(dataset, train("a", 0.6) + train("b", 0.45)))
    assert finding.state == "not found"
    assert finding.evidence["networks"]["a"] == {"failed": 0, "runs": 4}


def test_a_loss_at_ln_k_is_found(dataset, train, make_case) -> None:
    flat = epoch_lines(losses=(math.log(3), math.log(3), math.log(3) - 0.001))
    finding = failed_training(make_case(dataset, train("a", 0.6, fitted=1 / 3, log=flat, seeds=2) + train("b", 0.6)))
    assert finding.state == "found"
    assert "Failed to train: a (2 of 2 seeds)." in finding.verdict
    assert "training loss 1.098, chance level 1.099" in finding.evidence["runs"]["a-seed0"][0]


def test_a_high_loss_of_a_run_that_learned_accuses_nobody(dataset, train, make_case) -> None:
    """As logistic regression's on pixels, which is sure of the few photos that it has wrong."""
    finding = failed_training(make_case(dataset, train("a", 0.45, fitted=0.7, log=epoch_lines(losses=(2.0, 1.5, 1.2)))))
    assert finding.state == "not found"


def test_a_single_predicted_class_is_found(dataset, train, make_case) -> None:
    runs = train("a", 0.6)
    one = runs[1].predictions.frame().with_columns(pl.lit(2, pl.Int64).alias("predicted"))
    runs[1] = type(runs[1])(runs[1].folder, runs[1].spec, runs[1].record, runs[1].log, Predictions(one))
    finding = failed_training(make_case(dataset, runs))
    assert "a (1 of 4 seeds)" in finding.verdict
    reasons = finding.evidence["runs"]["a-seed1"]
    assert "only 'cat' is predicted" in reasons
    assert "validation accuracy 33.3 %, chance level 33.3 %" in reasons


def test_the_baseline_is_at_chance_by_design(dataset, train, make_case) -> None:
    finding = failed_training(
        make_case(
            dataset,
            train("majority", 1 / 3, fitted=0.99, architecture=BLIND) + train("a", 0.6),
        )
    )
    assert finding.state == "not found"


def test_validation_at_chance_is_found_though_the_loss_falls(dataset, train, make_case) -> None:
    finding = failed_training(make_case(dataset, train("a", 1 / 3, fitted=0.99)))
    assert finding.state == "found"


def test_runs_that_diverged_or_failed_are_found(dataset, train, make_case) -> None:
    runs = train("a", seeds=1, status="diverged") + train("b", seeds=1, status="failed") + train("c")
    finding = failed_training(make_case(dataset, runs))
    assert finding.evidence["runs"] == {"a-seed0": ["diverged: why"], "b-seed0": ["failed: why"]}
