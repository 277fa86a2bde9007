"""Paired tests: against the definitions, and the verdicts in words."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.evaluation.intervals import holm
from bakeoff.evaluation.pairs import PairScores, adjust, compare_pair, compare_two, mcnemar

answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(answers)
def test_mcnemar_is_the_exact_binomial_test(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    found = mcnemar(7, first, second)
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    assert (found.only_first, found.only_second, found.seed) == (only_first, only_second, 7)
    either = only_first + only_second
    tail = sum(math.comb(either, count) for count in range(min(only_first, only_second) + 1)) / 2**either
    assert found.p_value == pytest.approx(min(2 * tail, 1.0))


def runs(draws: np.random.Generator, shares: dict[str, float], seeds: int = 5, images: int = 600) -> dict:
    return {name: {seed: draws.random(images) < share for seed in range(seeds)} for name, share in shares.items()}


def compare_all(correct: dict) -> list[PairScores]:
    return adjust([compare_two((a, b), correct[a], correct[b]) for a, b in combinations(correct, 2)])


def test_a_large_difference_is_found_and_a_small_one_is_not() -> None:
    right = runs(np.random.default_rng(0), {"a": 0.5, "b": 0.52, "c": 0.8})
    ab, ac, bc = compare_all(right)
    assert ab.verdict == "not distinguishable"
    assert "not distinguishable; about" in ab.statement
    assert (ac.verdict, bc.verdict) == ("second better", "second better")
    assert ac.statement.startswith("c over a: +")
    assert "c is better (p < 0.001 after Holm)" in ac.statement
    assert ac.interval is not None
    assert ac.interval.low < 0.3 < ac.interval.high
    turned = compare_all(dict(reversed(right.items())))
    assert [pair.verdict for pair in turned][:2] == ["first better", "first better"]
    assert turned[0].difference == pytest.approx(-bc.difference)


def test_holm_is_over_all_pairs() -> None:
    pairs = compare_all(runs(np.random.default_rng(3), {"a": 0.5, "b": 0.54, "c": 0.56, "d": 0.6}))
    assert [pair.adjusted_p for pair in pairs] == holm([pair.p_value for pair in pairs])
    assert all(pair.adjusted_p >= pair.p_value for pair in pairs)


def test_one_seed_is_not_applicable_and_says_so() -> None:
    (pair,) = compare_all(runs(np.random.default_rng(0), {"a": 0.5, "b": 0.8}, seeds=1))
    assert (pair.verdict, pair.interval, pair.p_value, pair.detectable) == ("not applicable", None, None, None)
    assert "an interval needs several seeds: not applicable" in pair.statement
    assert len(pair.tests) == 1


def test_only_seeds_that_both_finished_are_compared() -> None:
    right = runs(np.random.default_rng(0), {"a": 0.5, "b": 0.8, "c": 0.5})
    right["b"] = {seed: right["b"][seed] for seed in (1, 3)}
    right["c"] = {}
    ab, ac, _ = compare_all(right)
    assert ab.seeds == (1, 3)
    assert (ac.seeds, ac.difference, ac.verdict) == ((), None, "not applicable")
    assert "no seed for which both finished" in ac.statement


def test_the_same_answers_are_no_difference() -> None:
    rows = np.random.default_rng(0).random((3, 100)) < 0.5
    pair = compare_pair(("a", "b"), (0, 1, 2), rows, rows)
    assert (pair.difference, pair.p_value, pair.verdict) == (0.0, 1.0, "not distinguishable")
    assert (pair.seeds_needed, pair.images_needed) == (None, None)
