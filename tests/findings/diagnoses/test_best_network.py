"""Best network: one, several, none to tell."""

from dataclasses import replace

import msgspec
import polars as pl
from tests.findings.conftest import BLIND, layers

from bakeoff.config.schema import EvaluationConfig
from bakeoff.findings.diagnoses.best_network import best_network
from bakeoff.findings.finding import ShortAnswer
from bakeoff.training.run import Predictions, Run


def fail(run: Run) -> Run:
    """The run as one that was fast and learned nothing."""
    record = msgspec.structs.replace(run.record, seconds=0.1)
    table = run.predictions.frame().with_columns(pl.lit(9.0).alias("loss"))
    return replace(run, record=record, predictions=Predictions(table))


def test_one_that_beats_all_others_is_found(dataset, train, make_case) -> None:
    finding = best_network(make_case(dataset, train("a", 0.5) + train("b", 0.9) + train("c", 0.5)))
    assert (finding.state, finding.verdict) == ("found", "b is better than every other network.")
    assert finding.evidence["beaten"] == ["a", "c"]


def test_several_that_can_not_be_distinguished_are_all_named(dataset, train, make_case) -> None:
    slow = [
        type(run)(run.folder, run.spec, msgspec.structs.replace(run.record, seconds=99.0), run.log, run.predictions)
        for run in train("a", 0.8)
    ]
    runs = slow + train("b", 0.8, architecture=layers(extra=5)) + train("c", 0.4)
    finding = best_network(make_case(dataset, runs))
    assert finding.state == "undecided"
    assert "which of a, b is better is undecided; the other is worse than some network." in finding.verdict
    assert "a is the smallest of them, b the fastest to train." in finding.verdict


def test_one_that_fails_in_some_seeds_has_a_line_of_its_own(dataset, train, make_case) -> None:
    runs = train("a", 0.8)
    runs[3] = fail(train("a", 1 / 3, fitted=1 / 3)[3])
    finding = best_network(make_case(dataset, runs + train("b", 0.8, architecture=layers(extra=5))))
    assert "which of a, b is better is undecided" in finding.verdict
    assert "b is the smallest and fastest of those that trained in every seed." in finding.verdict
    assert "a trains in 3 of 4 seeds, then with " in finding.verdict


def test_how_one_that_fails_compares_where_it_trains_is_said(dataset, train, make_case) -> None:
    runs = train("a", 0.7)
    runs[3] = fail(train("a", 1 / 3, fitted=1 / 3)[3])
    finding = best_network(make_case(dataset, runs + train("b", 0.97) + train("c", 0.4)))
    assert finding.verdict.startswith("b is better than every other network. a trains in 3 of 4 seeds, then with ")
    assert finding.verdict.endswith("%, better than c, worse than b.")


def test_a_baseline_is_not_recommended(dataset, train, make_case) -> None:
    guessing = train("majority", 0.6, architecture=BLIND) + train("a", 0.6, architecture=layers(extra=5))
    finding = best_network(make_case(dataset, guessing))
    assert "a is the smallest and fastest of those that trained in every seed" in finding.verdict


def test_a_failed_run_does_not_hide_that_one_is_better(dataset, train, make_case) -> None:
    """What a network reaches where it trains is compared; that it fails in one seed of four is said elsewhere."""
    wide = [*train("deep", 0.7)[:3], fail(train("deep", 1 / 3, fitted=1 / 3)[3])]
    finding = best_network(make_case(dataset, wide + train("a", 0.95) + train("b", 0.6)))
    assert (finding.state, finding.evidence["best"]) == ("found", ["a"])


def test_one_that_another_is_better_than_may_still_be_level_with_the_best(dataset, train, make_case) -> None:
    case = make_case(dataset, train("a") + train("b") + train("c"))
    verdicts = {("a", "b"): "first better", ("a", "c"): "undecided", ("b", "c"): "first better"}
    pairs = tuple(
        msgspec.structs.replace(pair, verdict=verdicts[pair.first, pair.second]) for pair in case.comparison.pairs
    )
    finding = best_network(replace(case, comparison=msgspec.structs.replace(case.comparison, pairs=pairs)))
    assert finding.state == "undecided"
    assert "which of a, c is better is undecided; the other is worse than some network" in finding.verdict


def test_equivalent_networks_are_called_so(dataset, train, make_case) -> None:
    case = make_case(dataset, train("a") + train("b"))
    pairs = tuple(msgspec.structs.replace(pair, verdict="equivalent") for pair in case.comparison.pairs)
    finding = best_network(replace(case, comparison=msgspec.structs.replace(case.comparison, pairs=pairs)))
    assert "No single best: a, b are equivalent within 1 point." in finding.verdict
    assert finding.answer == ShortAnswer("no", finding.verdict)


def test_a_cycle_of_verdicts_names_none(dataset, train, make_case) -> None:
    case = make_case(dataset, train("a") + train("b") + train("c"))
    verdicts = {("a", "b"): "first better", ("a", "c"): "second better", ("b", "c"): "first better"}
    pairs = tuple(
        msgspec.structs.replace(pair, verdict=verdicts[pair.first, pair.second]) for pair in case.comparison.pairs
    )
    finding = best_network(replace(case, comparison=msgspec.structs.replace(case.comparison, pairs=pairs)))
    assert (finding.state, finding.evidence["best"]) == ("undecided", [])
    assert finding.answer == ShortAnswer("no", finding.verdict)


def test_where_all_failed_none_is_put_forward(dataset, train, make_case) -> None:
    failed = [fail(run) for name in ("a", "b") for run in train(name, 0.8, fitted=1 / 3)]
    finding = best_network(make_case(dataset, failed))
    assert (finding.state, finding.verdict) == ("not applicable", "Fewer than two networks trained.")
    assert finding.answer == ShortAnswer("failed", finding.verdict)


def test_one_seed_or_one_network_tells_nothing(dataset, train, make_case) -> None:
    one_seed = best_network(make_case(dataset, train("a", 0.5, seeds=1) + train("b", 0.9, seeds=1)))
    assert one_seed.state == "not applicable"
    assert "One seed" in one_seed.verdict
    assert one_seed.answer == ShortAnswer("undecided", one_seed.verdict)
    one_network = best_network(make_case(dataset, train("a")))
    assert (one_network.state, one_network.answer) == ("not applicable", None)


def test_the_best_within_a_budget(dataset, train, make_case) -> None:
    runs = train("a", 0.5) + train("b", 0.9, architecture=layers(extra=5)) + train("c", 0.8)
    results = replace(make_case(dataset, runs), budget=EvaluationConfig(max_parameters=1002))
    finding = best_network(results)
    assert (finding.state, finding.verdict) == (
        "found",
        "c is better than every other network. The budget is at most 1,002 parameters; left out: b (1,005 parameters).",
    )
    assert finding.evidence["best"] == ["c"]
    assert finding.evidence["beyond_budget"] == {"b": "1,005 parameters"}


def test_one_or_none_within_a_budget(dataset, train, make_case) -> None:
    results = make_case(dataset, train("a", 0.5) + train("b", 0.9, architecture=layers(extra=5)))
    one = best_network(replace(results, budget=EvaluationConfig(max_parameters=1002)))
    assert one.state == "found"
    assert one.verdict.startswith("a is the only network that trained within the budget. The budget is at most 1,002 ")
    none = best_network(replace(results, budget=EvaluationConfig(max_latency_ms=2.0)))
    assert (none.state, none.verdict) == (
        "not found",
        "No network is within the budget of at most 2 ms for one photo: a (latency not measured); b (latency not "
        "measured).",
    )
