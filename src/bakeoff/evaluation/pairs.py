"""Two networks compared on the same photos and the same seeds."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from bakeoff.evaluation.intervals import ALPHA, holm, points
from bakeoff.evaluation.scores import PairScores, SeedTest, Verdict
from bakeoff.evaluation.variance_components import detectable, interval, needed, p_value, spread

Right = npt.NDArray[np.bool_]


def mcnemar(seed: int, first: Right, second: Right) -> SeedTest:
    """The exact McNemar test of two runs on the same photos (McNemar, Psychometrika 1947; exact binomial form).

    Args:
        seed: The seed of both runs.
        first: bool (N,): which photos the first network predicted right.
        second: The same of the second.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    either = only_first + only_second
    return SeedTest(seed, only_first, only_second, float(binomtest(only_first, either).pvalue) if either else 1.0)


def compare_pair(names: tuple[str, str], seeds: Sequence[int], first: Right, second: Right) -> PairScores:
    """Compares two networks; the adjusted p value and the verdict are those of a single pair until `adjust` is called.

    Args:
        names: The networks.
        seeds: The seeds of the rows.
        first: bool (S, N): which photos the first network predicted right, by seed.
        second: The same of the second network, on the same photos.
    """
    tests = tuple(mcnemar(seed, one, two) for seed, one, two in zip(seeds, first, second, strict=True))
    images = first.shape[1]
    if len(seeds) < 2:
        difference = float(second.mean() - first.mean()) if len(seeds) else None
        return PairScores(
            *names, tuple(seeds), images, difference, tests, statement=_one_seed(names, difference, tests)
        )
    found = spread(second.astype(np.float64) - first)
    seeds_needed, images_needed = needed(found)
    pair = PairScores(
        *names,
        tuple(seeds),
        images,
        found.mean,
        tests,
        interval=interval(found),
        p_value=p_value(found),
        detectable=detectable(found),
        seeds_needed=seeds_needed,
        images_needed=images_needed,
    )
    return adjust([pair])[0]


def adjust(pairs: Sequence[PairScores]) -> list[PairScores]:
    """Holm's correction over all pairs that have a p value (Holm, 1979), and the verdicts that follow."""
    tested = [pair for pair in pairs if pair.p_value is not None]
    adjusted = holm([pair.p_value for pair in tested if pair.p_value is not None])
    by_pair = {(pair.first, pair.second): p for pair, p in zip(tested, adjusted, strict=True)}
    return [
        _with_verdict(pair, by_pair[pair.first, pair.second]) if pair.p_value is not None else pair for pair in pairs
    ]


def compare_two(names: tuple[str, str], first: Mapping[int, Right], second: Mapping[int, Right]) -> PairScores:
    """Two networks compared over the seeds that both finished; by seed, bool (N,): which photos were right."""
    seeds = sorted(set(first) & set(second))
    rows = [np.array([right[seed] for seed in seeds], dtype=np.bool_) for right in (first, second)]
    rows = [row if len(seeds) else np.zeros((0, 0), dtype=np.bool_) for row in rows]
    return compare_pair(names, seeds, rows[0], rows[1])


def _with_verdict(pair: PairScores, adjusted: float) -> PairScores:
    verdict: Verdict = "not distinguishable"
    if adjusted < ALPHA and pair.difference:
        verdict = "second better" if pair.difference > 0 else "first better"
    changed = msgspec.structs.replace(pair, adjusted_p=adjusted, verdict=verdict)
    return msgspec.structs.replace(changed, statement=_statement(changed))


def _statement(pair: PairScores) -> str:
    if pair.difference is None or pair.interval is None or pair.adjusted_p is None:
        return ""
    low, high = pair.interval.low, pair.interval.high
    head = f"{pair.second} over {pair.first}: {points(pair.difference)} points, 95 % interval "
    head += f"{points(low)} … {points(high)}"
    if pair.verdict != "not distinguishable":
        better = pair.second if pair.difference > 0 else pair.first
        return f"{head}: {better} is better (p {_small(pair.adjusted_p)} after Holm)."
    if pair.seeds_needed and pair.seeds_needed > len(pair.seeds):
        more = f"about {pair.seeds_needed:,} seeds would separate a difference of this size"
    elif pair.images_needed and pair.images_needed > pair.images:
        more = f"about {pair.images_needed:,} photos would separate a difference of this size"
    elif pair.seeds_needed or pair.images_needed:
        more = "separated alone, but not among all the pairs that were tested"
    else:
        more = "more seeds alone would not separate a difference of this size on these photos"
    return f"{head}: not distinguishable; {more}."


def _one_seed(names: tuple[str, str], difference: float | None, tests: Sequence[SeedTest]) -> str:
    if difference is None:
        return f"{names[1]} over {names[0]}: no seed for which both finished and have images in common: not applicable."
    return (
        f"{names[1]} over {names[0]}: {points(difference)} points with one seed (McNemar p "
        f"{_small(tests[0].p_value)} for these two runs); an interval needs several seeds: not applicable."
    )


def _small(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
