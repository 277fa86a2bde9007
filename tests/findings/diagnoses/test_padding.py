"""Padding: found, not found, undecided, not applicable."""

from tests.findings.conftest import layers

from bakeoff.findings.diagnoses.padding import padding

PADDED = layers(", padding 1")


def test_a_planted_effect_is_found_with_its_sign(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", 0.4) + train("b", 0.7, architecture=PADDED)))
    assert finding.state == "found"
    assert finding.verdict.startswith("Padding helps: b over a: +")
    (pair,) = finding.evidence["pairs"]
    assert pair["padded"] == "b"
    assert pair["gain"] > 0.2
    finding = padding(make_case(dataset, train("a", 0.7) + train("b", 0.4, architecture=PADDED)))
    assert finding.verdict.startswith("Padding hurts")


def test_the_same_answers_are_no_effect(dataset, train, make_case) -> None:
    runs = train("a", 1.0) + train("b", 1.0, architecture=PADDED)
    assert padding(make_case(dataset, runs)).state == "not found"


def test_a_small_difference_is_undecided(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", 0.6) + train("b", 0.61, architecture=PADDED)))
    assert finding.state == "undecided"
    assert "not distinguishable" in finding.verdict


def test_networks_that_differ_in_more_are_not_compared(dataset, train, make_case) -> None:
    deeper = layers(", padding 1", extra=1)
    for runs in (train("a") + train("b"), train("a") + train("b", architecture=deeper), train("a")):
        finding = padding(make_case(dataset, runs))
        assert (finding.state, finding.verdict) == ("not applicable", "No two networks differ in padding alone.")


def test_one_seed_is_not_applicable(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", seeds=1) + train("b", seeds=1, architecture=PADDED)))
    assert finding.state == "not applicable"
    assert "one seed" in finding.verdict
