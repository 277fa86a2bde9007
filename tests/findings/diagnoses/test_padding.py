"""Padding: found, not found, undecided, not applicable."""

import math
import re
from dataclasses import replace

import msgspec
from tests.findings.conftest import epoch_lines, layers

from bakeoff.config.schema import Recipe
from bakeoff.findings.diagnoses.padding import padding

PADDED = layers(", padding 1")


def test_a_planted_effect_is_found_with_its_sign(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", 0.4) + train("b", 0.7, architecture=PADDED)))
    assert finding.state == "found"
    assert finding.verdict.startswith("Padding helps: b over a: +")
    (pair,) = finding.evidence["pairs"]
    assert pair["padded"] == "b"
    assert pair["gain"] > 0.2
    assert finding.answer
    assert finding.answer.mark == "yes"
    assert re.fullmatch(r"b over a: \+\d+\.\d points \(\+\d+\.\d to \+\d+\.\d\)\.", finding.answer.text)
    finding = padding(make_case(dataset, train("a", 0.7) + train("b", 0.4, architecture=PADDED)))
    assert finding.verdict.startswith("Padding hurts")
    assert finding.answer
    assert finding.answer.mark == "no"
    assert finding.answer.text.startswith("b over a: −")


def test_the_answer_is_of_the_padded_network_in_whatever_order(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", 0.7, architecture=PADDED) + train("b", 0.4)))
    assert finding.answer
    assert finding.answer.mark == "yes"
    low, high = map(float, re.findall(r"\((\+.*) to (\+.*)\)", finding.answer.text)[0])
    assert 0 < low < finding.evidence["pairs"][0]["gain"] * 100 < high


def test_equivalent_networks_show_no_effect(dataset, train, make_case) -> None:
    case = make_case(dataset, train("a", 1.0) + train("b", 1.0, architecture=PADDED))
    finding = padding(case)
    assert finding.state == "not found"
    assert "equivalent within 1 point" in finding.verdict
    assert finding.answer
    assert finding.answer.mark == "no"


def test_every_pair_is_judged(dataset, train, make_case) -> None:
    other = layers(", padding 2")
    runs = train("a", 0.4) + train("b", 0.7, architecture=PADDED) + train("c", 0.7, architecture=other)
    finding = padding(make_case(dataset, runs))
    assert [(pair["first"], pair["second"]) for pair in finding.evidence["pairs"]] == [("a", "b"), ("a", "c")]
    assert finding.verdict.count("over a") == 2


def test_recipes_of_their_own_and_failures_are_no_effect_of_padding(dataset, train, make_case) -> None:
    other = [
        replace(run, spec=msgspec.structs.replace(run.spec, recipe=Recipe(epochs=99)))
        for run in train("b", 0.7, architecture=PADDED)
    ]
    finding = padding(make_case(dataset, train("a", 0.4) + other))
    assert (finding.state, finding.evidence["left_out"]) == ("not applicable", ["a – b"])
    flat = epoch_lines(losses=(math.log(3),) * 3)
    failed = train("a", 1 / 3, fitted=1 / 3, log=flat) + train("b", 1 / 3, fitted=1 / 3, log=flat, architecture=PADDED)
    assert padding(make_case(dataset, failed)).state == "not applicable"


def test_a_small_difference_is_undecided(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", 0.6) + train("b", 0.61, architecture=PADDED)))
    assert finding.state == "undecided"
    assert finding.verdict.startswith("Whether padding helps is undecided: b over a: ")


def test_networks_that_differ_in_more_are_not_compared(dataset, train, make_case) -> None:
    deeper = layers(", padding 1", extra=1)
    for runs in (train("a") + train("b"), train("a") + train("b", architecture=deeper), train("a")):
        finding = padding(make_case(dataset, runs))
        assert (finding.state, finding.verdict) == ("not applicable", "No two networks differ in padding alone.")
        assert finding.answer is None


def test_one_seed_is_not_applicable(dataset, train, make_case) -> None:
    finding = padding(make_case(dataset, train("a", seeds=1) + train("b", seeds=1, architecture=PADDED)))
    assert finding.state == "not applicable"
    assert "one seed" in finding.verdict
    assert finding.answer
    assert finding.answer.mark == "undecided"
    assert finding.answer.text.endswith("points with one seed.")
