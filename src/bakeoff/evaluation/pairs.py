"""Two variants compared on the same images and the same seeds: better, equivalent, or undecided."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from scipy.special import bdtr
from scipy.stats import fisher_exact

from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import estimate
from bakeoff.evaluation.failures import FailureRate
from bakeoff.evaluation.intervals import ALPHA, holm, points
from bakeoff.evaluation.power import Power, VarianceParts, assess
from bakeoff.evaluation.scores import NOTHING, PairScores, SeedTest
from bakeoff.evaluation.sequential import FIXED, Look
from bakeoff.evaluation.variance_components import VarianceComponents, clustered, variance_components

Correct = Mapping[int, npt.NDArray[np.bool_]]
"""By seed of the runs that trained, bool (N,): which images were predicted correctly."""

Rows = Mapping[int, npt.NDArray[np.float64]]
"""By seed of the runs that trained, float64 (N,): what each image adds to a score, which is their mean."""

EXTRA_IMAGES = 2.0
"""Two images more, one that only each variant predicts correctly: as Agresti and Min add to the cells of a paired table
(Biostatistics 6, 2005), so that a handful of images that happen to agree proves nothing."""


@dataclass(frozen=True)
class PairInput:
    """What two variants are compared by.

    Attributes:
        names: Of the variants.
        first: What the first predicted correctly.
        second: The same of the second, for the same images.
        clusters: int64 (N,): the photo of each image; None where every image is a photo of its own.
        failures: How often each fails; None where that is not compared.
        precisions: Of the mean average precision of each, with the seeds of `first` and `second`; empty where it is not
            measured.
    """

    names: tuple[str, str]
    first: Correct
    second: Correct
    clusters: npt.NDArray[np.int64] | None = None
    failures: tuple[FailureRate, FailureRate] | None = None
    precisions: tuple[Rows, ...] = ()

    def seeds(self, look: Look) -> tuple[int, ...]:
        """The seeds of a look that both trained with."""
        common = sorted(set(self.first) & set(self.second))
        return tuple(seed for seed in common if look.seeds is None or seed < look.seeds)


def mcnemar(seed: int, first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> SeedTest:
    """The exact McNemar test of two runs on the same images (McNemar, Psychometrika 1947; exact binomial form).

    Args:
        seed: The seed of both runs.
        first: bool (N,): which images the first variant predicted correctly.
        second: The same of the second.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    tail = float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))
    return SeedTest(seed, only_first, only_second, min(1.0, 2 * tail))


def compare_pairs(
    pairs: Sequence[PairInput], margin: float, looks: Sequence[Look] = FIXED
) -> tuple[tuple[PairScores, ...], Power | None]:
    """Compares pairs, with Holm's correction over them in each of three families: better, equivalent, failures.

    Args:
        pairs: The pairs.
        margin: The difference, a fraction, below which two variants count as equivalent.
        looks: Tests at growing numbers of seeds; a pair that is decided by one is not tested again.

    Returns:
        The pairs in their order, and what they could have told apart.
    """
    found: dict[int, PairScores] = {}
    for look in looks:
        fresh = {}
        for number, pair in enumerate(pairs):
            seeds = pair.seeds(look)
            before = found.get(number)
            if before is None or (not _decided(before) and seeds != before.seeds):
                fresh[number] = _measure(pair, seeds, margin, look)
        for name in ("p_value", "equivalence_p"):
            _correct(name, fresh, found, look)
        found |= {number: _with_verdict(pair) for number, pair in fresh.items()}
    scores = _with_failures([found[number] for number in range(len(pairs))], pairs)
    tested = [pair for pair in scores if pair.variance]
    power = assess(
        [pair.variance for pair in tested if pair.variance],
        [len(pair.seeds) for pair in tested],
        [pair.images for pair in tested],
        margin,
    )
    return tuple(replace(pair, statement=statement(pair, margin, power)) for pair in scores), power


def _measure(pair: PairInput, seeds: tuple[int, ...], margin: float, look: Look) -> PairScores:
    if not seeds:
        return PairScores(*pair.names, (), 0, None)
    first, second = (np.array([own[seed] for seed in seeds], dtype=np.float64) for own in (pair.first, pair.second))
    tests = tuple(mcnemar(seed, pair.first[seed], pair.second[seed]) for seed in seeds)
    images = first.shape[1]
    scores = PairScores(*pair.names, seeds, images, float((second - first).mean()) if first.size else None, tests)
    if not first.size:
        return scores
    scores = replace(
        scores,
        improvement=_improvement(first.mean(axis=1), second.mean(axis=1)),
        precision_difference=_precision_difference(pair, seeds),
    )
    table = second - first if pair.clusters is None else clustered(second - first, pair.clusters)
    if len(seeds) < 2 or table.shape[1] < 2:
        return scores
    found = variance_components(table, EXTRA_IMAGES)
    return replace(
        scores,
        interval=found.interval(look.alpha) if found.half_width(look.alpha / 2) < 1 else None,
        p_value=min(1.0, 2 * found.tail(abs(found.mean))),
        equivalence_p=equivalence(found, margin),
        variance=VarianceParts(found.seed_part, found.over_images * found.images, found.rest),
    )


def equivalence(found: VarianceComponents, margin: float) -> float:
    """The p value of two one-sided tests that the difference is beyond the margin (Schuirmann, 1987).

    A difference of the margin takes at least that fraction of images on which the variants differ. So the variance is
    at least what it would be then, as in a score test (Tango, Statistics in Medicine 17, 1998), and p is never below
    the chance that none of these images is in the sample.
    """
    least = margin * (1 - margin) / found.images
    widened = dataclasses.replace(found, over_images=max(found.over_images, least))
    return max(widened.tail(margin - abs(found.mean)), (1 - margin) ** found.images)


def _precision_difference(pair: PairInput, seeds: Sequence[int]) -> Estimate:
    if not pair.precisions or not all(pair.precisions):
        return NOTHING
    first, second = (np.array([rows[seed] for seed in seeds]) for rows in pair.precisions)
    return estimate(second - first, pair.clusters, fraction=False)


def _improvement(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    return float((np.sign(second[:, None] - first[None, :]) + 1).mean() / 2)


def _decided(pair: PairScores) -> bool:
    return pair.verdict in ("first better", "second better", "equivalent")


def _correct(name: str, fresh: dict[int, PairScores], found: Mapping[int, PairScores], look: Look) -> None:
    """Holm's correction at a look, over the pairs that are tested and those that once were and are not rejected.

    The adjusted value is scaled to the level of 5 %, so that it is below 5 % where the look rejects; it is the smallest
    of all looks.
    """
    corrected = f"adjusted_{name.removesuffix('_value')}"
    values = {number: getattr(pair, name) for number, pair in fresh.items() if getattr(pair, name) is not None}
    waiting = {
        number
        for number, pair in found.items()
        if number not in values and getattr(pair, corrected) is not None and getattr(pair, corrected) >= ALPHA
    }
    family = values | dict.fromkeys(waiting, 1.0)
    for number, p in zip(family, holm(list(family.values())), strict=True):
        if number in values:
            scaled = min(1.0, p * ALPHA / look.alpha)
            before = getattr(found.get(number), corrected, None)
            fresh[number] = replace(fresh[number], **{corrected: scaled if before is None else min(scaled, before)})


def _with_verdict(pair: PairScores) -> PairScores:
    if pair.adjusted_p is None or pair.adjusted_equivalence_p is None or pair.difference is None:
        return pair
    equivalent = pair.adjusted_equivalence_p < ALPHA
    if pair.adjusted_p < ALPHA:
        better = "second better" if pair.difference > 0 else "first better"
        return replace(pair, verdict=better, within_margin=equivalent)
    return replace(pair, verdict="equivalent" if equivalent else "undecided")


def _with_failures(scores: Sequence[PairScores], pairs: Sequence[PairInput]) -> list[PairScores]:
    tables = [[[own.failed, own.runs - own.failed] for own in pair.failures or ()] for pair in pairs]
    some = [number for number, table in enumerate(tables) if any(row[0] for row in table) and all(map(sum, table))]
    adjusted = holm([float(fisher_exact(tables[number]).pvalue) for number in some])
    by_pair = dict(zip(some, adjusted, strict=True))
    return [replace(pair, failure_p=by_pair.get(number)) for number, pair in enumerate(scores)]


def statement(pair: PairScores, margin: float, power: Power | None) -> str:
    """The verdict in words."""
    names = f"{pair.second} over {pair.first}"
    if pair.difference is None:
        return f"{names}: no seed with which both trained and have images in common: not applicable."
    head = f"{names}: {points(pair.difference)} points"
    if pair.adjusted_p is None or pair.adjusted_equivalence_p is None:
        test = pair.tests[0].p_value if pair.tests else 1.0
        return (
            f"{head} with one seed (McNemar p {_small(test)} for these two runs); another seed may reverse the order: "
            "not applicable."
        )
    if pair.interval:
        head += f", 95 % interval {points(pair.interval.low)} … {points(pair.interval.high)}"
    limit = f"{100 * margin:g} point{'s' if margin != 0.01 else ''}"
    if pair.verdict == "equivalent":
        return f"{head}: equivalent within {limit} (p {_small(pair.adjusted_equivalence_p)} after Holm)."
    if pair.verdict == "undecided":
        return f"{head}: undecided; {_advice(pair, limit, power)}."
    better = pair.second if pair.difference > 0 else pair.first
    but = f", but by less than {limit}" if pair.within_margin else ""
    return f"{head}: {better} is better{but} (p {_small(pair.adjusted_p)} after Holm)."


def _advice(pair: PairScores, limit: str, power: Power | None) -> str:
    """What this experiment could have seen, and what would see a difference of the margin."""
    if len(pair.seeds) == 2:
        return "two seeds are too few to tell"
    seen = power.detectable_with(len(pair.seeds), pair.images) if power else None
    if not power or seen is None:
        return "this experiment is too small to tell any difference"
    head = f"differences from about {100 * seen:.1f} points on are seen in four of five such experiments"
    return f"{head}{_more(power, limit)}"


def _more(power: Power, limit: str) -> str:
    if not power.more or power.more == (power.seeds, power.images):
        return ""
    seeds, images = power.more
    more = [f"{seeds:,} seeds"] if seeds > power.seeds else []
    more += [f"{images:,} photos"] if images > power.images else []
    return f", one of {limit} with about {' and '.join(more)}"


def _small(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
