"""Accuracy against latency: what is on the frontier, what is not, and what nobody knows."""

from collections.abc import Callable
from dataclasses import replace

from tests.evaluation.test_budget import measured
from tests.findings.conftest import BLIND

from bakeoff.evaluation.latency import Latencies
from bakeoff.evaluation.results import Results
from bakeoff.findings.diagnoses.accuracy_latency import accuracy_latency
from bakeoff.findings.finding import Finding


def judge(results: Results, latencies: Latencies | None) -> Finding:
    return accuracy_latency(replace(results, latencies=latencies))


def test_a_decided_frontier_is_found(dataset, train, make_case: Callable[..., Results]) -> None:
    results = make_case(dataset, train("a", 0.4) + train("b", 0.9) + train("c", 0.5))
    finding = judge(results, measured(a=10, b=20, c=30))
    assert finding.state == "found"
    assert finding.verdict.startswith("On the frontier of accuracy against latency, by the estimates: a (10 ms, ")
    assert finding.verdict.endswith(" %). Not on it: c (b is better and no slower).")
    assert list(finding.evidence["on"]) == list(finding.evidence["certain"]) == ["a", "b"]


def test_what_the_uncertainty_leaves_open_is_said(dataset, train, make_case: Callable[..., Results]) -> None:
    results = make_case(dataset, train("a", 0.8) + train("b", 0.8) + train("c", 0.8))
    finding = judge(results, measured(a=10, b=20, c=30))
    assert finding.state == "undecided"
    assert "leave open whether" in finding.verdict
    assert "Not on it" not in finding.verdict


def test_one_seed_excludes_nobody(dataset, train, make_case: Callable[..., Results]) -> None:
    results = make_case(dataset, train("a", 0.9, seeds=1) + train("b", 0.4, seeds=1))
    finding = judge(results, measured(a=10, b=20))
    assert finding.state == "undecided"
    assert "leave open whether it also holds b." in finding.verdict


def test_without_a_measurement_or_a_rival_it_does_not_apply(dataset, train, make_case: Callable[..., Results]) -> None:
    results = make_case(dataset, train("a", 0.9) + train("majority", 0.3, architecture=BLIND))
    assert judge(results, None).verdict == "Latency was not measured; evaluation.latency = true does."
    alone = judge(results, measured(a=10, majority=1))
    assert (alone.state, alone.verdict) == (
        "not applicable",
        "Fewer than two networks have an accuracy and a latency.",
    )
