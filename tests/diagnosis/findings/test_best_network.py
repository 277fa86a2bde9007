"""Best network: one, several, none to tell."""

import msgspec
from tests.diagnosis.conftest import epoch_lines, layers

from bakeoff.diagnosis.findings.best_network import best_network


def test_one_that_beats_all_others_is_found(dataset, train, make_case) -> None:
    finding = best_network(make_case(dataset, train("a", 0.5) + train("b", 0.9) + train("c", 0.5)))
    assert (finding.state, finding.verdict) == ("found", "b is better than every other network.")
    assert finding.evidence["beaten"] == ["a", "c"]


def test_several_that_can_not_be_told_apart_are_all_named(dataset, train, make_case) -> None:
    slow = [
        type(run)(run.folder, run.spec, msgspec.structs.replace(run.record, seconds=99.0), run.log, run.predictions)
        for run in train("a", 0.8)
    ]
    runs = slow + train("b", 0.8, architecture=layers(extra=5)) + train("c", 0.4)
    finding = best_network(make_case(dataset, runs))
    assert finding.state == "undecided"
    assert "No single best: a, b are not distinguishable, and 1 others are worse" in finding.verdict
    assert "a is the smallest of them and b the fastest to train" in finding.verdict


def test_one_that_failed_is_not_put_forward(dataset, train, make_case) -> None:
    failed = [
        type(run)(
            run.folder,
            run.spec,
            msgspec.structs.replace(run.record, seconds=0.1),
            epoch_lines(losses=(9.0, 9.0, 9.0)),
            run.predictions,
        )
        for run in train("a", 0.8)
    ]
    finding = best_network(make_case(dataset, failed + train("b", 0.8, architecture=layers(extra=5))))
    assert "No single best: a, b are not distinguishable" in finding.verdict
    assert "b is the smallest and fastest of those that failed in no run" in finding.verdict


def test_one_seed_or_one_network_tells_nothing(dataset, train, make_case) -> None:
    one_seed = best_network(make_case(dataset, train("a", 0.5, seeds=1) + train("b", 0.9, seeds=1)))
    assert one_seed.state == "not applicable"
    assert "One seed" in one_seed.verdict
    assert best_network(make_case(dataset, train("a"))).state == "not applicable"
