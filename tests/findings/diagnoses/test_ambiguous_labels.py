"""Ambiguous labels: errors that name another object of the photo, by chance, and errors that don't."""

from dataclasses import replace

import numpy as np
import pytest
from tests.evaluation.conftest import CLASSES, make_dataset, make_run
from tests.findings.conftest import finish

from bakeoff.findings.diagnoses.ambiguous_labels import ambiguous_labels

LABELS = [label for label in range(3) for _ in range(100)]


def case_with(make_case, explained: int, errors: int = 90, seeds: int = 2):
    """So many errors of each run, some of which predict a class that is annotated."""
    annotated = [[CLASSES[label]] for label in LABELS]
    guesses = list(LABELS)
    for number in range(errors):
        guesses[number] = 1
        if number < explained:
            annotated[number] = ["ant", "bee"]
    annotated[-1] = ["bee", "cat"]
    dataset = make_dataset(LABELS, LABELS, annotated)
    return make_case(dataset, [finish(make_run(dataset, LABELS + guesses, seed=seed)) for seed in range(seeds)])


def test_errors_that_name_another_object_are_found(make_case) -> None:
    annotated = [["ant", "bee"] if number < 50 else ["ant"] for number in range(100)]
    annotated += [[CLASSES[label]] for label in LABELS[100:]]
    dataset = make_dataset(LABELS, LABELS, annotated)
    guesses = [1 if number < 45 else 0 for number in range(100)] + LABELS[100:]
    runs = [finish(make_run(dataset, LABELS + guesses, seed=seed)) for seed in range(2)]
    finding = ambiguous_labels(make_case(dataset, runs))
    assert finding.state == "found"
    assert "50 of 300 validation photos hold several target classes" in finding.verdict
    assert "In net1, the class with most of them is ant: 45 of 45 per seed." in finding.verdict
    numbers = finding.evidence["networks"]["net1"]
    assert (numbers["fraction"]["mean"], numbers["by_chance"]) == (1.0, pytest.approx(0.5))
    assert numbers["by_class"]["ant"] == {"errors": 45, "explained": 45}
    assert finding.evidence["by_class"] == {"ant": 50, "bee": 0, "cat": 0}


def test_classes_that_often_occur_together_explain_nothing(make_case) -> None:
    """Half of the ants have a bee beside them, and half of the ants that are taken for bees do: chance."""
    draws = np.random.default_rng(0)
    annotated = [["ant", "bee"] if number % 2 else ["ant"] for number in range(100)]
    annotated += [[CLASSES[label]] for label in LABELS[100:]]
    dataset = make_dataset(LABELS, LABELS, annotated)
    runs = []
    for seed in range(3):
        guesses = [1 if draws.random() < 0.6 else 0 for _ in range(100)] + LABELS[100:]
        runs.append(finish(make_run(dataset, LABELS + guesses, seed=seed)))
    finding = ambiguous_labels(make_case(dataset, runs))
    assert finding.state != "found"
    assert finding.evidence["networks"]["net1"]["fraction"]["mean"] > 0.4


def test_errors_that_do_not_are_not_found(make_case) -> None:
    finding = ambiguous_labels(case_with(make_case, 0))
    assert finding.state == "not found"
    assert finding.answer
    assert finding.answer.mark == "no"
    assert finding.answer.text.startswith("0.0 % of the errors do; by chance ")


def test_a_few_of_few_errors_are_undecided(make_case) -> None:
    assert ambiguous_labels(case_with(make_case, 2, errors=20)).state == "undecided"


def test_without_ambiguous_photos_or_errors_it_is_not_applicable(dataset, train, make_case) -> None:
    finding = ambiguous_labels(make_case(dataset, train("a")))
    assert finding.state == "not applicable"
    assert "every label is unambiguous" in finding.verdict
    assert ambiguous_labels(case_with(make_case, 0, errors=0)).state == "not applicable"


def test_what_nobody_annotated_is_not_known(make_case) -> None:
    case = case_with(make_case, 45)
    unknown = {name: replace(images, present=None) for name, images in case.images.items()}
    finding = ambiguous_labels(replace(case, images=unknown))
    assert finding.state == "not applicable"
    assert finding.verdict.startswith("Not known")
