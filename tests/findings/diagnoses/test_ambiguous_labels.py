"""Ambiguous labels: errors that name another object of the photo, and errors that don't."""

import pytest
from tests.evaluation.conftest import CLASSES, make_dataset, make_run
from tests.findings.conftest import finish

from bakeoff.findings.diagnoses.ambiguous_labels import ambiguous_labels

LABELS = [label for label in range(3) for _ in range(100)]


def case_with(make_case, explained: int, errors: int = 90):
    """So many errors of one run, some of which predict a class that is annotated."""
    annotated = [[CLASSES[label]] for label in LABELS]
    guesses = list(LABELS)
    for place in range(errors):
        guesses[place] = 1
        if place < explained:
            annotated[place] = ["ant", "bee"]
    annotated[-1] = ["bee", "cat"]
    dataset = make_dataset(LABELS, LABELS, annotated)
    return make_case(dataset, [finish(make_run(dataset, LABELS + guesses))])


def test_errors_that_name_another_object_are_found(make_case) -> None:
    finding = ambiguous_labels(case_with(make_case, 45))
    assert finding.state == "found"
    assert "46 of 300 validation photos hold several target classes" in finding.verdict
    numbers = finding.evidence["networks"]["net1"]
    assert (numbers["errors"], numbers["explained"], numbers["fraction"]) == (90, 45, 0.5)
    assert numbers["gain"] == pytest.approx(45 / 300)
    assert numbers["by_class"]["ant"] == {"errors": 90, "explained": 45}
    assert finding.evidence["by_class"] == {"ant": 45, "bee": 0, "cat": 1}


def test_errors_that_do_not_are_not_found(make_case) -> None:
    assert ambiguous_labels(case_with(make_case, 0)).state == "not found"


def test_a_few_of_few_errors_are_undecided(make_case) -> None:
    assert ambiguous_labels(case_with(make_case, 2, errors=20)).state == "undecided"


def test_without_ambiguous_photos_or_errors_it_is_not_applicable(dataset, train, make_case) -> None:
    finding = ambiguous_labels(make_case(dataset, train("a")))
    assert finding.state == "not applicable"
    assert "every label is unambiguous" in finding.verdict
    assert ambiguous_labels(case_with(make_case, 0, errors=0)).state == "not applicable"
