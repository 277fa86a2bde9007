"""Paired tests: against the definitions, the three verdicts, and what must never change them."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.evaluation.failures import failure_rate
from bakeoff.evaluation.intervals import holm
from bakeoff.evaluation.pairs import PairInput, compare_pairs, mcnemar
from bakeoff.evaluation.scores import PairScores
from bakeoff.evaluation.sequential import FIXED, looks

MARGIN = 0.01
predictions = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
Runs = dict[str, dict[int, np.ndarray]]


@given(predictions)
def test_mcnemar_is_the_exact_binomial_test(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    found = mcnemar(7, first, second)
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    assert (found.only_first, found.only_second, found.seed) == (only_first, only_second, 7)
    either = only_first + only_second
    tail = sum(math.comb(either, count) for count in range(min(only_first, only_second) + 1)) / 2**either
    assert found.p_value == pytest.approx(min(2 * tail, 1.0))


def runs(draws: np.random.Generator, accuracies: dict[str, float], seeds: int = 5, images: int = 600) -> Runs:
    return {name: {seed: draws.random(images) < share for seed in range(seeds)} for name, share in accuracies.items()}


def compare_all(correct: Runs, margin: float = MARGIN) -> tuple[PairScores, ...]:
    return compare_pairs([PairInput((a, b), correct[a], correct[b]) for a, b in combinations(correct, 2)], margin)[0]


def test_a_large_difference_is_found_and_a_small_one_is_not() -> None:
    right = runs(np.random.default_rng(0), {"a": 0.5, "b": 0.51, "c": 0.8})
    ab, ac, bc = compare_all(right)
    assert ab.verdict == "undecided"
    assert "points on are seen in four of five such experiments" in ab.statement
    assert (ac.verdict, bc.verdict) == ("second better", "second better")
    assert ac.statement.startswith("c over a: +")
    assert "c is better (p < 0.001 after Holm)" in ac.statement
    assert ac.interval is not None
    assert ac.interval.low < 0.3 < ac.interval.high
    turned = compare_all(dict(reversed(right.items())))
    assert [pair.verdict for pair in turned][:2] == ["first better", "first better"]
    assert turned[0].difference == pytest.approx(-bc.difference)


def test_networks_that_differ_little_on_many_photos_are_equivalent() -> None:
    draws = np.random.default_rng(0)
    same = draws.random(20_000) < 0.6
    correct = {name: {seed: same ^ (draws.random(20_000) < 0.01) for seed in range(5)} for name in "ab"}
    (pair,) = compare_all(correct)
    assert pair.verdict == "equivalent"
    assert "equivalent within 1 point (p " in pair.statement
    (wider,) = compare_all(runs(draws, {"a": 0.5, "b": 0.51}, images=20_000), margin=0.1)
    assert (wider.verdict, wider.within_margin) in (("second better", True), ("equivalent", False))


def test_a_real_difference_below_the_margin_says_both() -> None:
    (pair,) = compare_all(runs(np.random.default_rng(1), {"a": 0.5, "b": 0.53}, seeds=10, images=20_000), margin=0.06)
    assert (pair.verdict, pair.within_margin) == ("second better", True)
    assert "b is better, but by less than 6 points" in pair.statement


def test_no_difference_on_few_photos_proves_no_equivalence() -> None:
    """Two networks that differ on one photo in a hundred agree on 200 photos by chance in one case of eight."""
    everything = {seed: np.ones(200, dtype=np.bool_) for seed in range(5)}
    (pair,) = compare_all({"a": everything, "b": everything})
    assert pair.verdict == "undecided"
    assert pair.equivalence_p >= 0.99**200


def test_one_error_more_in_each_seed_is_not_worse() -> None:
    perfect = {seed: np.ones(200, dtype=np.bool_) for seed in range(5)}
    flawed = {seed: np.arange(200) != seed for seed in range(5)}
    (pair,) = compare_all({"a": flawed, "b": perfect})
    assert pair.difference == pytest.approx(0.005)
    assert pair.verdict == "undecided"
    assert pair.interval.low < 0 < pair.interval.high


def test_holm_is_over_all_pairs() -> None:
    pairs = compare_all(runs(np.random.default_rng(3), {"a": 0.5, "b": 0.54, "c": 0.56, "d": 0.6}))
    assert [pair.adjusted_p for pair in pairs] == pytest.approx(holm([pair.p_value for pair in pairs]))
    assert [pair.adjusted_equivalence_p for pair in pairs] == pytest.approx(
        holm([pair.equivalence_p for pair in pairs])
    )


def test_one_seed_is_not_applicable_and_says_so() -> None:
    (pair,) = compare_all(runs(np.random.default_rng(0), {"a": 0.5, "b": 0.8}, seeds=1))
    assert (pair.verdict, pair.interval, pair.p_value, pair.variance) == ("not applicable", None, None, None)
    assert "with one seed" in pair.statement
    assert len(pair.tests) == 1


def test_two_seeds_give_no_interval_beyond_what_is_possible() -> None:
    wild = {0: np.zeros(100, dtype=np.bool_), 1: np.ones(100, dtype=np.bool_)}
    (pair,) = compare_all({"a": wild, "b": dict(zip((1, 0), wild.values(), strict=True))})
    assert (pair.interval, pair.verdict) == (None, "undecided")
    assert "two seeds are too few" in pair.statement


def test_only_seeds_that_both_trained_with_are_compared() -> None:
    right = runs(np.random.default_rng(0), {"a": 0.5, "b": 0.8, "c": 0.5})
    right["b"] = {seed: right["b"][seed] for seed in (1, 3)}
    right["c"] = {}
    ab, ac, _ = compare_all(right)
    assert ab.seeds == (1, 3)
    assert (ac.seeds, ac.difference, ac.verdict) == ((), None, "not applicable")


def test_failures_are_compared_by_fishers_exact_test() -> None:
    (right,) = [runs(np.random.default_rng(0), {"a": 0.5, "b": 0.5}, seeds=10)]
    rates = failure_rate(["did not learn"] * 8 + ["trained"] * 2), failure_rate(["trained"] * 10)
    ((pair,), _) = compare_pairs([PairInput(("a", "b"), right["a"], right["b"], None, rates)], MARGIN)
    assert pair.failure_p == pytest.approx(0.000714, abs=1e-5)
    assert compare_all(right)[0].failure_p is None


def test_the_probability_of_improvement_counts_pairs_of_runs() -> None:
    first = {seed: np.arange(10) < count for seed, count in enumerate((4, 6))}
    second = {seed: np.arange(10) < count for seed, count in enumerate((6, 8))}
    (pair,) = compare_all({"a": first, "b": second})
    assert pair.improvement == (1 + 1 + 0.5 + 1) / 4


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_photos_seeds_and_networks_changes_nothing(seed: int) -> None:
    draws = np.random.default_rng(seed)
    right = runs(draws, {"a": 0.5, "b": 0.6, "c": 0.7}, seeds=3, images=200)
    photos, seeds = draws.permutation(200), draws.permutation(3)
    moved = {name: {int(seeds[own]): row[photos] for own, row in rows.items()} for name, rows in right.items()}
    for one, two in zip(compare_all(right), compare_all(moved), strict=True):
        assert (one.verdict, one.within_margin) == (two.verdict, two.within_margin)
        assert (one.difference, one.adjusted_p) == pytest.approx((two.difference, two.adjusted_p))
    turned = {(pair.second, pair.first): pair for pair in compare_all(dict(reversed(right.items())))}
    for pair in compare_all(right):
        assert turned[pair.first, pair.second].adjusted_p == pytest.approx(pair.adjusted_p)


@given(st.integers(0, 1000), st.floats(0.02, 0.98), st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_the_same_predictions_are_never_better(seed: int, accuracy: float, seeds: int) -> None:
    rows = runs(np.random.default_rng(seed), {"a": accuracy}, seeds=seeds, images=300)["a"]
    (pair,) = compare_all({"a": rows, "b": rows})
    assert (pair.difference, pair.p_value) == (0.0, 1.0)
    assert pair.verdict in ("undecided", "equivalent")


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_copy_of_a_network_changes_verdicts_only_by_holm(seed: int) -> None:
    right = runs(np.random.default_rng(seed), {"a": 0.5, "b": 0.6, "c": 0.7}, seeds=3, images=200)
    alone = {(pair.first, pair.second): pair for pair in compare_all(right)}
    for pair in compare_all({**right, "copy": right["a"]}):
        if (pair.first, pair.second) in alone:
            before = alone[pair.first, pair.second]
            assert (pair.difference, pair.p_value, pair.interval) == (
                before.difference,
                before.p_value,
                before.interval,
            )
            assert pair.adjusted_p >= before.adjusted_p
            assert pair.verdict == before.verdict or pair.adjusted_p >= 0.05


def test_repeated_looks_stop_at_a_verdict_and_cost_some_level() -> None:
    right = runs(np.random.default_rng(0), {"a": 0.5, "b": 0.52, "c": 0.9}, seeds=12)
    pairs = [PairInput((a, b), right[a], right[b]) for a, b in combinations(right, 2)]
    schedule = looks(12)
    assert sum(look.alpha for look in schedule) == pytest.approx(0.05)
    assert schedule[-1].seeds == 12
    (ab, ac, _), _ = compare_pairs(pairs, MARGIN, schedule)
    assert ac.verdict == "second better"
    assert len(ac.seeds) < 12, "decided by an early look, not tested again"
    assert (ab.verdict, len(ab.seeds)) == ("undecided", 12)
    fixed = compare_pairs(pairs, MARGIN, FIXED)[0][0]
    assert ab.adjusted_p > fixed.adjusted_p
    assert ab.interval.low < fixed.interval.low
