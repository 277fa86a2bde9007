"""Failed training: each sign planted, and networks that trained."""

import math

import msgspec
from tests.findings.conftest import BLIND, epoch_lines

from bakeoff.evaluation.failures import outcome
from bakeoff.evaluation.predictions import predictions_of
from bakeoff.findings.diagnoses.failed_training import failed_training
from bakeoff.findings.finding import ShortAnswer

CHANCE = math.log(3) - 0.001
FLAT = epoch_lines(losses=(math.log(3), math.log(3), CHANCE))


def test_networks_that_trained_are_not_accused(dataset, train, make_case) -> None:
    finding = failed_training(make_case(dataset, train("a", 0.6) + train("b", 0.45)))
    assert finding.state == "not found"
    rate = finding.evidence["networks"]["a"]
    assert (rate["failed"], rate["runs"], rate["did_not_run"]) == (0, 4, 0)
    assert finding.answer == ShortAnswer("yes", "All 8.")


def test_a_loss_at_ln_k_is_found_with_the_exact_interval(dataset, train, make_case) -> None:
    finding = failed_training(make_case(dataset, train("a", 0.6, fitted=1 / 3, log=FLAT, seeds=2) + train("b", 0.6)))
    assert finding.state == "found"
    assert "Did not learn: a in 2 of 2 seeds (95 % interval 16 to 100 %)." in finding.verdict
    assert finding.answer == ShortAnswer("failed", "a did not learn in 2 of 2 seeds.")
    assert "training loss 1.098, chance level 1.099" in finding.evidence["runs"]["a-seed0"]


def test_what_is_judged_are_the_weights_that_are_evaluated(dataset, train, make_case) -> None:
    """As of an EMA over so few steps that it hardly moved: its loss is at chance level, that of the batches fell."""
    finding = failed_training(make_case(dataset, train("a", 1 / 3, fitted=1 / 3, loss=CHANCE, seeds=1) + train("b")))
    assert finding.answer == ShortAnswer("failed", "a did not learn in 1 of 1 seeds.")
    signs = finding.evidence["runs"]["a-seed0"]
    assert signs.endswith("the loss in training fell to 0.600, but not with the weights that are evaluated")


def test_a_high_loss_of_a_run_that_learned_accuses_nobody(dataset, train, make_case) -> None:
    """As logistic regression's on pixels, which is sure of the few photos that it has wrong."""
    finding = failed_training(make_case(dataset, train("a", 0.45, fitted=0.7, log=epoch_lines(losses=(2.0, 1.5, 1.2)))))
    assert finding.state == "not found"


def test_the_baseline_is_at_chance_by_design(dataset, train, make_case) -> None:
    runs = train("majority", 1 / 3, fitted=1 / 3, log=FLAT, architecture=BLIND) + train("a", 0.6)
    assert failed_training(make_case(dataset, runs)).state == "not found"


def test_validation_plays_no_part(dataset, train, make_case) -> None:
    """A memorised training set with validation at chance is overfitting, not a failure to train."""
    assert failed_training(make_case(dataset, train("a", 1 / 3, fitted=0.99))).state == "not found"


def test_runs_that_diverged_and_runs_that_did_not_run_are_two_kinds(dataset, train, make_case) -> None:
    runs = train("a", seeds=1, status="diverged") + train("b", seeds=1, status="failed") + train("c")
    finding = failed_training(make_case(dataset, runs))
    assert finding.evidence["runs"] == {"a-seed0": "why", "b-seed0": "why"}
    assert "Did not learn: a in 1 of 1 seeds" in finding.verdict
    assert "Did not run: b (1 of 1 runs: why)" in finding.verdict
    rates = finding.evidence["networks"]
    assert (rates["b"]["failed"], rates["b"]["runs"], rates["b"]["did_not_run"]) == (0, 0, 1)


def test_chance_is_that_of_the_classes_as_they_are(dataset, train) -> None:
    """Nine of ten images in one class: predicting it always is 90 % correct, and has learned nothing."""
    (run,) = train("a", seeds=1)
    predictions = predictions_of(run, dataset)
    train_split = predictions.splits["train"]
    labels = (train_split.labels > 250).astype(int) * 0 + (dataset.labels["train"] * 0)
    labels[:30] = 1
    skewed = type(train_split)(labels, labels * 0)
    splits = {**predictions.splits, "train": skewed}
    level = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    for loss, kind in ((level, "did not learn"), (0.9 * level, "trained")):
        made = type(predictions)("a", 0, splits, train_loss=loss)
        assert outcome(made)[0] == kind


def test_a_run_without_a_record_of_its_training_is_taken_as_it_is(dataset, train) -> None:
    predictions = predictions_of(train("a", 1 / 3, seeds=1)[0], dataset)
    made = type(predictions)("a", 0, {"val": predictions.splits["val"]})
    assert outcome(made) == ("trained", "")
    assert msgspec.json.encode(outcome(made)[0]) == b'"trained"'
