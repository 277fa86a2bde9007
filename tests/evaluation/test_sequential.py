"""Repeated looks: their levels, who goes on, and how often they are wrong."""

from itertools import combinations

import numpy as np
import pytest
from msgspec.structs import replace

from bakeoff.evaluation.pairs import PairInput, compare_pairs
from bakeoff.evaluation.sequential import beaten, looks, undecided

MARGIN = 0.01


@pytest.mark.parametrize("most", [2, 3, 4, 10, 20, 100])
def test_the_levels_of_all_looks_add_up_to_five_percent(most: int) -> None:
    schedule = looks(most)
    assert schedule[-1].seeds == most
    assert [look.seeds for look in schedule] == sorted({look.seeds for look in schedule})
    assert sum(look.alpha for look in schedule) == pytest.approx(0.05)


def drawn(draws: np.random.Generator, levels: dict[str, float], seeds: int) -> list[PairInput]:
    correct = {
        name: {seed: draws.random(500) < level + draws.normal(0, 0.01) for seed in range(seeds)}
        for name, level in levels.items()
    }
    return [PairInput((one, two), correct[one], correct[two]) for one, two in combinations(levels, 2)]


def test_a_variant_that_is_beaten_is_out_and_hopeless_pairs_are_given_up() -> None:
    pairs, _ = compare_pairs(drawn(np.random.default_rng(0), {"a": 0.5, "b": 0.5, "c": 0.9}, 5), MARGIN, looks(20)[:2])
    assert beaten(pairs) == {"a", "b"}
    assert undecided(pairs, beaten(pairs), 5, 20, MARGIN) == set()
    (pair,), _ = compare_pairs(drawn(np.random.default_rng(0), {"a": 0.5, "b": 0.5}, 3), MARGIN, looks(20)[:1])
    assert undecided([replace(pair, difference=0.01)], (), 3, 20, MARGIN) == set(), "500 images decide no such pair"
    wide = [replace(pair, difference=0.08)]
    assert undecided(wide, (), 3, 20, MARGIN) == {"a", "b"}


def test_what_has_no_two_seeds_yet_goes_on() -> None:
    pairs, _ = compare_pairs(drawn(np.random.default_rng(0), {"a": 0.5, "b": 0.9}, 1), MARGIN, looks(20)[:1])
    assert undecided(pairs, (), 3, 20, MARGIN) == {"a", "b"}
    assert undecided(pairs, (), 5, 20, MARGIN) == set(), "five seeds, and no two of them trained"


@pytest.mark.slow
def test_without_a_difference_few_experiments_claim_one() -> None:
    draws, wrong = np.random.default_rng(0), 0
    for _ in range(200):
        pairs, _ = compare_pairs(drawn(draws, dict.fromkeys("abcd", 0.6), 12), MARGIN, looks(12))
        wrong += any(pair.verdict in ("first better", "second better") for pair in pairs)
    assert wrong <= 18  # 5 % of 200, and three standard deviations
