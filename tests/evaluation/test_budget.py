"""A budget leaves out what exceeds it, and what is not known to be within it; and says so."""

import pytest

from bakeoff.config.schema import EvaluationConfig
from bakeoff.core.types import Environment, Interval
from bakeoff.evaluation.budget import beyond_budget, statement
from bakeoff.evaluation.failures import failure_rate
from bakeoff.evaluation.latency import Latencies, Latency, MeasuredNetwork
from bakeoff.evaluation.scores import VariantScores
from bakeoff.models.architecture import Architecture


def network(name: str, parameters: int | None) -> VariantScores:
    architecture = None if parameters is None else Architecture(parameters, 1, 1, ())
    return VariantScores(name, architecture, (), failure_rate([]))


def measured(**milliseconds: float) -> Latencies:
    networks = [
        MeasuredNetwork((name,), Latency(value, Interval(value - 1, value + 1)), Latency(1.0, Interval(1.0, 1.0)))
        for name, value in milliseconds.items()
    ]
    return Latencies(tuple(networks), {}, "torch 2", "", 1, 32, 30, "", Environment("3", "x", 1, {}))


NETWORKS = [network("small", 1000), network("large", 2_000_000), network("odd", None)]


def test_no_budget_leaves_nobody_out() -> None:
    assert beyond_budget(NETWORKS, EvaluationConfig(), None) == {}
    assert statement(NETWORKS, EvaluationConfig(), None) == ""


def test_each_reason_is_named() -> None:
    budget = EvaluationConfig(max_parameters=5000, max_latency_ms=5.0)
    out = beyond_budget(NETWORKS, budget, measured(small=9.0, large=3.0))
    assert out == {
        "small": "9 ms",
        "large": "2,000,000 parameters",
        "odd": "parameters not known, latency not measured",
    }
    assert statement(NETWORKS, budget, measured(small=9.0, large=3.0)) == (
        "No network is within the budget of at most 5 ms for one photo and at most 5,000 parameters: small (9 ms); "
        "large (2,000,000 parameters); odd (parameters not known, latency not measured)."
    )


def test_who_is_left_out_and_who_is_near_the_limit_is_said() -> None:
    said = statement(NETWORKS[:2], EvaluationConfig(max_latency_ms=5.0), measured(small=4.5, large=9.0))
    assert said == (
        "The budget is at most 5 ms for one photo; left out: large (9 ms). Another measurement may decide otherwise "
        "about small: the limit is within its spread."
    )


@pytest.mark.parametrize("limit", [2_000_000, 3_000_000])
def test_the_limit_itself_is_within_the_budget(limit: int) -> None:
    budget = EvaluationConfig(max_parameters=limit)
    assert beyond_budget(NETWORKS[:2], budget, None) == {}
    assert (
        statement(NETWORKS[:2], budget, None) == f"All networks are within the budget of at most {limit:,} parameters."
    )
