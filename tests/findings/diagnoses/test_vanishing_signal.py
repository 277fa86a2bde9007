"""Vanishing signal: planted by depth, and its cures."""

import pytest
from tests.findings.conftest import epoch_lines, layers

from bakeoff.findings.diagnoses.vanishing_signal import vanishing_signal
from bakeoff.models.architecture import Traits

BN = Traits(remedies_for=("net3",), remedy="batch normalisation")
DEAD = epoch_lines(signal={"conv1": 0.24, "conv12": 6e-6}, gradients={"conv1": 5e-5, "conv12": 1e-6})


def test_a_signal_that_vanishes_is_found_and_its_remedy_measured(dataset, train, make_case) -> None:
    runs = train("net3", 0.35, log=DEAD) + train("net3-bn", 0.7, architecture=layers(traits=BN)) + train("net1", 0.6)
    finding = vanishing_signal(make_case(dataset, runs))
    assert finding.state == "found"
    assert "the signal dies in net3 (a fraction of 2.5e-05 reaches the last layer" in finding.verdict
    assert "net3-bn keeps the signal (0.20) and gains +3" in finding.verdict
    assert "points: distinguishable." in finding.verdict
    assert finding.evidence["networks"]["net3"]["signal"] == pytest.approx(6e-6 / 0.24)
    assert finding.evidence["networks"]["net3"]["first_gradient"] == pytest.approx(5e-5)
    assert finding.evidence["networks"]["net3"]["last_gradient_by_epoch"] == [1e-6] * 4
    assert finding.evidence["networks"]["net3"]["signal_by_layer"] == {"conv1": 0.24, "conv12": 6e-6}


def test_healthy_networks_are_not_accused(dataset, train, make_case) -> None:
    finding = vanishing_signal(make_case(dataset, train("net1") + train("net2")))
    assert finding.state == "not found"


def test_a_signal_of_exactly_nothing_is_found(dataset, train, make_case) -> None:
    dead = epoch_lines(signal={"conv1": 0.2, "conv2": 0.0}, gradients={"conv1": 0.0, "conv2": 0.0})
    assert vanishing_signal(make_case(dataset, train("a", log=dead))).state == "found"


def test_a_branch_that_begins_at_zero_loses_nothing(dataset, train, make_case) -> None:
    residual = epoch_lines(
        signal={"conv1": 0.2, "gate": 0.0, "logits": 0.1}, gradients={"conv1": 0.9, "gate": 0.0, "logits": 1.0}
    )
    finding = vanishing_signal(make_case(dataset, train("a", log=residual)))
    assert finding.state == "not found"
    assert finding.evidence["networks"]["a"]["signal"] == pytest.approx(0.5)


def test_without_a_measurement_it_is_not_applicable(dataset, train, make_case) -> None:
    runs = [type(run)(run.folder, run.spec, run.record, (), run.predictions) for run in train("a")]
    assert vanishing_signal(make_case(dataset, runs)).state == "not applicable"


def test_a_network_without_weights_has_no_signal_to_lose(dataset, train, make_case) -> None:
    empty = epoch_lines(signal={}, gradients={})
    assert vanishing_signal(make_case(dataset, train("a", log=empty))).state == "not applicable"


def test_remedies_with_one_seed_are_not_called_tested(dataset, train, make_case) -> None:
    runs = train("net3", 0.35, seeds=1, log=DEAD) + train("net3-bn", 0.7, seeds=1, architecture=layers(traits=BN))
    assert "one seed, so not tested" in vanishing_signal(make_case(dataset, runs)).verdict
