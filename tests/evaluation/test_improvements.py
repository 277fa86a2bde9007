"""Ranked gains: what to expect of the largest one."""

import numpy as np
import pytest

from bakeoff.evaluation.improvements import Change, measured_change, rank, shrink, statement
from bakeoff.evaluation.pairs import PairInput, compare_pairs
from bakeoff.evaluation.scores import PairScores


def measured(gains: list[float], seed: int = 0) -> tuple[list[Change], dict[str, PairScores]]:
    draws = np.random.default_rng(seed)
    base = {number: draws.random(400) < 0.5 for number in range(3)}
    inputs = [
        PairInput(("base", str(number)), base, {seed: draws.random(400) < 0.5 + gain for seed in range(3)})
        for number, gain in enumerate(gains)
    ]
    pairs = {pair.second: pair for pair in compare_pairs(inputs, 0.01)[0]}
    return [measured_change(name, f"change {name}", pair) for name, pair in pairs.items()], pairs


def test_the_largest_of_many_equal_gains_is_drawn_towards_their_mean() -> None:
    changes, pairs = measured([0.0] * 8)
    largest = rank(shrink(changes, pairs))[0]
    assert largest.expected < largest.gain
    mean = np.mean([change.gain for change in changes])
    assert abs(largest.expected - mean) < abs(largest.gain - mean) / 2


def test_gains_beyond_their_noise_stay_what_they_are() -> None:
    changes, pairs = measured([0.0, 0.0, 0.0, 0.4])
    best = rank(shrink(changes, pairs))[0]
    assert best.expected == pytest.approx(best.gain, abs=0.02)
    said = statement("base", rank(shrink(changes, pairs)))
    assert f"change 3 +{100 * best.gain:.1f} points" in said
    assert "; expect +" in said


def test_one_seed_has_nothing_to_expect() -> None:
    base, other = {0: np.ones(10, dtype=np.bool_)}, {0: np.zeros(10, dtype=np.bool_)}
    ((pair,), _) = compare_pairs([PairInput(("a", "b"), base, other)], 0.01)
    change = measured_change("b", "b", pair)
    assert (change.verdict, shrink([change], {"b": pair})[0].expected) == ("not tested: one seed", None)
