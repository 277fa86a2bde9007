"""Vanishing gradient: planted by depth, its cures, and healthy networks that look ill."""

import math

import pytest
from tests.findings.conftest import epoch_lines, layers

from bakeoff.findings.diagnoses.vanishing_signal import vanishing_signal
from bakeoff.findings.finding import ShortAnswer
from bakeoff.models.architecture import Traits

BN = Traits(remedies_for=("net3",), remedy="batch normalisation")
DEAD = epoch_lines(gradients={"conv1": 5e-6, "conv12": 1e-3, "logits": 2e-2})


def test_a_gradient_that_vanishes_is_found_and_its_remedy_measured(dataset, train, make_case) -> None:
    runs = train("net3", 0.35, log=DEAD) + train("net3-bn", 0.7, architecture=layers(traits=BN)) + train("net1", 0.6)
    finding = vanishing_signal(make_case(dataset, runs))
    assert finding.state == "found"
    assert "vanishes in net3 (relative to the weights, the first layer's gradient is 2.5e-04 of" in finding.verdict
    assert "net3-bn keeps it (0.6) and gains +3" in finding.verdict
    assert "points: better." in finding.verdict
    measured = finding.evidence["networks"]["net3"]
    assert measured["ratio"] == pytest.approx(2.5e-4)
    assert measured["first_gradient"] == pytest.approx(5e-6)
    assert measured["first"] == pytest.approx(1e-5)
    assert finding.answer == ShortAnswer("yes", "Of the last layer's gradient this reaches the first: 0.0003 in net3.")


@pytest.mark.parametrize(
    "log",
    [
        epoch_lines(),
        # a head with small weights makes every gradient small, and its own weights' norm
        epoch_lines(
            gradients={"conv1": 3e-5, "conv2": 2e-5, "logits": 0.5}, weights={"conv1": 2, "conv2": 2, "logits": 2e-4}
        ),
        # a first layer scaled up before batch normalisation: its gradient shrinks as its weights grow
        epoch_lines(
            gradients={"conv1": 3e-4, "conv2": 0.2, "logits": 0.5}, weights={"conv1": 2e3, "conv2": 2, "logits": 2}
        ),
        # activations that lose their scale before a normalisation restores it
        epoch_lines(signal={"conv1": 1e3, "conv2": 1e-4, "logits": 0.2}),
        # a residual branch that begins at zero
        epoch_lines(gradients={"conv1": 0.9, "gate": 0.0, "logits": 1.0}),
    ],
)
def test_healthy_networks_are_not_accused(dataset, train, make_case, log) -> None:
    finding = vanishing_signal(make_case(dataset, train("a", log=log)))
    assert finding.state == "not found"
    assert finding.answer
    assert finding.answer.mark == "no"


@pytest.mark.parametrize("gradients", [{"conv1": 4e3, "logits": 1e3}, {"conv1": None, "logits": 1.0}])
def test_a_gradient_that_explodes_is_found_and_called_so(dataset, train, make_case, gradients) -> None:
    log = epoch_lines(signal={"conv1": math.inf, "logits": 1.0}, gradients=gradients)
    finding = vanishing_signal(make_case(dataset, train("a", log=log)))
    assert finding.state == "found"
    assert finding.verdict == "Before training the gradient explodes in a."
    assert finding.answer == ShortAnswer("no", "It explodes in a.")


def test_a_gradient_of_exactly_nothing_is_found(dataset, train, make_case) -> None:
    dead = epoch_lines(gradients={"conv1": 0.0, "conv2": 0.1})
    assert "vanishes in a" in vanishing_signal(make_case(dataset, train("a", log=dead))).verdict


def test_without_a_measurement_it_is_not_known(dataset, train, make_case) -> None:
    runs = [type(run)(run.folder, run.spec, run.record, (), run.predictions) for run in train("a")]
    assert vanishing_signal(make_case(dataset, runs)).state == "not applicable"
    assert vanishing_signal(make_case(dataset, runs)).answer is None
    for log in (epoch_lines(signal={}, gradients={}), epoch_lines(gradients={"only": 1.0}), epoch_lines(weights={})):
        assert vanishing_signal(make_case(dataset, train("a", log=log))).state == "not applicable"


def test_remedies_with_one_seed_are_not_called_tested(dataset, train, make_case) -> None:
    runs = train("net3", 0.35, seeds=1, log=DEAD) + train("net3-bn", 0.7, seeds=1, architecture=layers(traits=BN))
    assert "one seed, so not tested" in vanishing_signal(make_case(dataset, runs)).verdict
