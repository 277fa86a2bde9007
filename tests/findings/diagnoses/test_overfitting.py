"""Overfitting: a gap, its turn, and none."""

from tests.findings.conftest import epoch_lines

from bakeoff.findings.diagnoses.overfitting import overfitting


def test_a_gap_and_the_epoch_where_the_loss_turned_are_found(dataset, train, make_case) -> None:
    turned = epoch_lines(val_losses=(1.0, 0.7, 0.9))
    finding = overfitting(make_case(dataset, train("a", 0.5, fitted=0.95, log=turned) + train("b", 0.6, fitted=0.62)))
    assert finding.state == "found"
    assert "validation loss turns after epoch 2" in finding.verdict
    assert "b (" not in finding.verdict
    assert finding.evidence["networks"]["a"]["lowest_epochs"] == [2, 2, 2, 2]


def test_a_gap_without_a_turn_says_so(dataset, train, make_case) -> None:
    finding = overfitting(make_case(dataset, train("a", 0.5, fitted=0.9)))
    assert "validation loss still falls" in finding.verdict


def test_no_gap_is_not_found_and_no_run_not_applicable(dataset, train, make_case) -> None:
    assert overfitting(make_case(dataset, train("a", 0.6, fitted=0.6))).state == "not found"
    assert overfitting(make_case(dataset, train("a", 0.6, fitted=0.71))).state == "undecided"
    assert overfitting(make_case(dataset, train("a", status="failed"))).state == "not applicable"
