"""Hard classes: a planted confusion, a class never predicted, and neither."""

import re

import numpy as np
import polars as pl
import pytest
from tests.evaluation.conftest import make_dataset, make_run
from tests.findings.conftest import BLIND, finish

import bakeoff
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


LABELS = [label for label in range(3) for _ in range(100)]


def drawn(rows: dict[int, list[float]], seed: int) -> list[int]:
    """Predictions by class, with these probabilities."""
    draws = np.random.default_rng(seed)
    return [int(draws.choice(3, p=rows[label])) for label in LABELS]


def runs_of(train, rows: dict[int, list[float]], seeds: int = 4, **given) -> list[Run]:
    return [with_guesses(run, drawn(rows, run.spec.seed)) for run in train("a", seeds=seeds, **given)]


def test_a_planted_confusion_is_found(dataset, train, make_case) -> None:
    rows = {0: [0.5, 0.48, 0.02], 1: [0.05, 0.9, 0.05], 2: [0.05, 0.05, 0.9]}
    finding = hard_classes(make_case(dataset, runs_of(train, rows)))
    assert finding.state == "found"
    assert finding.verdict.startswith("Hard for a: ant, recall ")
    assert "predicted more often than an even spread of the errors explains: ant as bee (" in finding.verdict
    (network,) = finding.evidence["networks"]
    assert [(cell["true"], cell["predicted"]) for cell in network["confused"] if cell["p"] < 0.05] == [("ant", "bee")]
    assert network["recall"][0]["recall"]["mean"] == pytest.approx(0.5, abs=0.1)
    assert network["recall"][0]["p"] < 0.05 <= network["recall"][1]["p"]
    assert finding.answer
    assert finding.answer.mark == "yes"
    assert re.fullmatch(r"a: ant, recall .*\); ant as bee \d+ times per seed\.", finding.answer.text)


def test_what_one_seed_finds_hard_is_not_said_of_the_network(dataset, train, make_case) -> None:
    rows = {0: [0.5, 0.48, 0.02], 1: [0.05, 0.9, 0.05], 2: [0.05, 0.05, 0.9]}
    finding = hard_classes(make_case(dataset, runs_of(train, rows, seeds=1)))
    assert finding.state == "not applicable"
    assert "lowest recall is that of ant" in finding.verdict
    assert finding.answer
    assert finding.answer.mark == "undecided"
    assert finding.answer.text.startswith("a: ant, recall ")


def test_seeds_that_contradict_each_other_are_no_finding(dataset, train, make_case) -> None:
    hard = [[0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
    runs = []
    for run in train("a", seeds=3):
        turn = run.spec.seed
        rows = {(label + turn) % 3: [row[(guess - turn) % 3] for guess in range(3)] for label, row in enumerate(hard)}
        runs.append(with_guesses(run, drawn(rows, run.spec.seed)))
    finding = hard_classes(make_case(dataset, runs))
    assert finding.state == "undecided"
    assert "no class's recall differs" in finding.verdict


def test_a_class_that_is_never_predicted_is_found(dataset, train, make_case) -> None:
    rows = {0: [1.0, 0.0, 0.0], 1: [0.0, 1.0, 0.0], 2: [0.5, 0.5, 0.0]}
    finding = hard_classes(make_case(dataset, runs_of(train, rows)))
    assert finding.state == "found"
    assert "a never predicts cat" in finding.verdict
    assert finding.answer
    assert finding.answer.text.endswith("a never predicts cat.")
    assert "recall" not in finding.answer.text or "Hard for a" in finding.verdict


def test_a_class_of_two_photos_that_is_never_predicted_is_no_finding(make_case) -> None:
    labels = [0] * 100 + [1] * 100 + [2] * 2
    dataset = make_dataset([0, 1, 2], labels)
    guesses = [0, 1, 2, *[0] * 100, *[1] * 100, 0, 1]
    runs = [finish(make_run(dataset, guesses, seed=seed)) for seed in range(3)]
    finding = hard_classes(make_case(dataset, runs))
    assert "never predicts" not in finding.verdict


@pytest.mark.parametrize("seeds", [1, 3])
def test_where_all_photos_are_of_one_class_none_is_hard(seeds: int) -> None:
    guesses = {seed: ["ant", "bee", "ant", "ant"] for seed in range(seeds)}
    compared = bakeoff.compare({"a": guesses}, ["ant"] * 4, classes=("ant", "bee"))
    (finding,) = (own for own in compared.findings if own.code == "hard-classes")
    assert (finding.state, finding.answer) == ("not applicable", None)
    assert "All photos are of one class" in finding.verdict


def test_even_errors_are_no_finding(dataset, train, make_case) -> None:
    rows = {label: [0.7 if guess == label else 0.15 for guess in range(3)] for label in range(3)}
    finding = hard_classes(make_case(dataset, runs_of(train, rows)))
    assert finding.state == "undecided"
    assert hard_classes(make_case(dataset, train("a", status="failed"))).state == "not applicable"


def test_the_baseline_predicts_one_class_by_design(dataset, train, make_case) -> None:
    sure = [with_guesses(run, LABELS) for run in train("a", seeds=2)]
    floor = [with_guesses(run, [0] * 300) for run in train("majority", seeds=2, architecture=BLIND)]
    finding = hard_classes(make_case(dataset, sure + floor))
    assert finding.state == "undecided"
    assert "majority" not in finding.verdict
