"""Repeated looks at a growing number of seeds: when runs are added until every pair is decided."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bakeoff.evaluation.intervals import ALPHA
from bakeoff.evaluation.power import power
from bakeoff.evaluation.scores import PairScores

STEPS = (3, 5, 8, 12, 17, 24, 34, 48, 68, 96)
"""Seeds at each look: each about 1.4 times as many as at the look before, so that a late decision wastes few runs."""

FRUITLESS = 5
"""So many seeds without two in which both variants trained are enough."""

HOPELESS = 0.4
"""A pair whose chance to be decided by the most seeds is below this is given up: no error is made by stopping early,
and experiments in which nothing differs end after half of the runs or fewer (`benchmarks/simulation.py`)."""


class Look(NamedTuple):
    """A test with the first `seeds` seeds, all of them where None, at level `alpha`."""

    seeds: int | None
    alpha: float


FIXED = (Look(None, ALPHA),)
"""One look at all seeds."""


def looks(most: int) -> tuple[Look, ...]:
    """The looks of a sweep that ends with at most so many seeds.

    Their levels add up to 5 %: whatever the looks have in common, the chance that any of them is wrong is no larger
    (alpha spending, Lan and DeMets, Biometrika 70, 1983, by the union bound). Later looks, which have more to say, get
    more: in proportion to their seeds.
    """
    counts = [*(count for count in STEPS if count < most), most]
    return tuple(Look(count, ALPHA * count / sum(counts)) for count in counts)


def undecided(pairs: Sequence[PairScores], dropped: Iterable[str], tried: int, most: int, margin: float) -> set[str]:
    """The variants that need more seeds: of the pairs that are not decided and that more seeds can decide.

    Args:
        pairs: As they stand.
        dropped: Variants that another one is better than: they are out.
        tried: Seeds so far; after five a pair without two in which both trained is given up.
        most: The most seeds there may be.
        margin: The difference, a fraction, below which two variants count as equivalent.
    """
    out, alpha = set(dropped), looks(most)[-1].alpha / max(1, len(pairs))
    open_verdicts = ("undecided", "not applicable") if tried < FRUITLESS else ("undecided",)
    return {
        name
        for pair in pairs
        if pair.verdict in open_verdicts and not {pair.first, pair.second} & out
        if chance(pair, most, margin, alpha) >= HOPELESS
        for name in (pair.first, pair.second)
    }


def chance(pair: PairScores, most: int, margin: float, alpha: float) -> float:
    """The chance that the most seeds decide a pair, if its difference is what has been measured; 1 if nothing was.

    Args:
        pair: As it stands.
        most: The most seeds there may be.
        margin: The difference, a fraction, below which two variants count as equivalent.
        alpha: The level of the last look, after the correction for all pairs.
    """
    if pair.difference is None or pair.variance is None:
        return 1.0
    distance = abs(pair.difference)
    better = power(distance, pair.variance, most, pair.images, alpha)
    if distance >= margin:
        return better
    wide = replace(pair.variance, images=max(pair.variance.images, margin * (1 - margin)))  # as `pairs.equivalence`
    return max(better, power(margin - distance, wide, most, pair.images, 2 * alpha))


def beaten(pairs: Sequence[PairScores]) -> set[str]:
    """The variants that another one is better than."""
    return {pair.first for pair in pairs if pair.verdict == "second better"} | {
        pair.second for pair in pairs if pair.verdict == "first better"
    }
