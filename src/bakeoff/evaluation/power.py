"""What an experiment could have told apart, and how many more runs or images would."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit
from scipy.stats import chi2

from bakeoff.evaluation.intervals import ALPHA

POWER = 0.8
MOST_SEEDS, MOST_IMAGES = 100, 1_000_000
SEED_COUNTS = (5, 10, 20, 50)
FEWEST_SEEDS = 5
"""With fewer a plan comes true less often than in four of five cases (`benchmarks/simulation.py`)."""

QUANTILES = (np.arange(100) + 0.5) / 100
Enough = Callable[[int, int], bool]


class VarianceParts(msgspec.Struct, frozen=True):
    """Variances of the difference of two variants: of a seed's effect, of an image's, and of what is left."""

    seeds: float
    images: float
    rest: float


class Power(msgspec.Struct, frozen=True):
    """What this experiment could have told apart, by the variance of its pairs taken together.

    Attributes:
        detectable: The true difference, a fraction, that it calls better in four of five cases, at the level that
            Holm's correction begins with, for a pair of so many seeds; None where not even 100 points would be.
        variance: The parts of a difference's variance, each the median over the pairs: of a typical one.
        pairs: Pairs that were tested.
        seeds: Seeds of a typical pair.
        images: Validation images of a typical pair.
        more: So many seeds and images would tell a difference of the margin from none in four of five cases: more
            seeds alone if that is enough, else more images alone, else both. Planned with the mean variance of the
            pairs, and the largest of the seeds' that they leave likely (the end of its one-sided 80 % interval). None
            where no number was found, and with fewer than five seeds, which are too few to plan by.
    """

    detectable: float | None
    variance: VarianceParts
    pairs: int
    seeds: int
    images: int
    more: tuple[int, int] | None

    def detectable_with(self, seeds: int, images: int) -> float | None:
        """The same for a pair of so many seeds and images."""
        return detectable(self.variance, seeds, images, ALPHA / self.pairs)


def power(difference: float, parts: VarianceParts, seeds: int, images: int, alpha: float) -> float:
    """The probability that a true difference is called better.

    The variance of the seed means is itself estimated, with seeds - 1 degrees of freedom: averaged over its chi-square
    distribution.
    """
    over_rest, over_images = parts.rest / (seeds * images), parts.images / images
    over_seeds = parts.seeds / seeds + over_rest
    estimated = np.maximum(over_seeds * _chi_square(seeds - 1), over_rest)
    threshold = np.sqrt(_quantile(alpha, seeds - 1) ** 2 * estimated + _quantile(alpha, images - 1) ** 2 * over_images)
    return float(ndtr((difference - threshold) / max(math.sqrt(over_seeds + over_images), 1e-12)).mean())


@lru_cache(maxsize=4096)
def _quantile(alpha: float, freedom: int) -> float:
    return -float(stdtrit(freedom, alpha / 2))


@lru_cache(maxsize=256)
def _chi_square(freedom: int) -> npt.NDArray[np.float64]:
    quantiles: npt.NDArray[np.float64] = chi2.ppf(QUANTILES, freedom) / freedom
    return quantiles


def detectable(parts: VarianceParts, seeds: int, images: int, alpha: float) -> float | None:
    """The true difference that is called better with 80 % power; None where not even 100 points would be."""

    def missing(difference: float) -> float:
        return power(difference, parts, seeds, images, alpha) - POWER

    return float(brentq(missing, 0.0, 1.0, xtol=1e-5)) if missing(1.0) > 0 else None


def assess(
    parts: Sequence[VarianceParts], all_seeds: Sequence[int], all_images: Sequence[int], margin: float
) -> Power | None:
    """What an experiment could have told apart.

    Args:
        parts: Of the pairs that were tested; one of them alone is too rough an estimate to plan by.
        all_seeds: Seeds of each pair, at least 2.
        all_images: Images of each pair, at least 2.
        margin: The difference, a fraction, that a larger experiment is planned for.

    Returns:
        None where nothing was tested.
    """
    if not parts:
        return None
    pairs, seeds, images = len(parts), int(np.median(all_seeds)), int(np.median(all_images))
    table = [(own.seeds, own.images, own.rest) for own in parts]
    typical, pooled = (VarianceParts(*middle(table, axis=0).tolist()) for middle in (np.median, np.mean))
    alpha = ALPHA / pairs
    freedom = (seeds - 1) * (round((1 + math.sqrt(1 + 8 * pairs)) / 2) - 1)  # of the networks that make these pairs
    careful = replace(pooled, seeds=pooled.seeds * freedom / float(chi2.ppf(1 - POWER, freedom)))

    def enough(more_seeds: int, more_images: int) -> bool:
        return power(margin, careful, more_seeds, more_images, alpha) >= POWER

    plans = _plans(seeds, images) if seeds >= FEWEST_SEEDS else ()
    more = next((plan for plan in plans if enough(*plan)), None)
    if more:
        more = _smallest(more, seeds, images, enough)
    return Power(detectable(typical, seeds, images, alpha), typical, pairs, seeds, images, more)


def _plans(seeds: int, images: int) -> Iterator[tuple[int, int]]:
    yield max(seeds, MOST_SEEDS), images
    for count in (seeds, *SEED_COUNTS):
        if count >= seeds:
            yield count, MOST_IMAGES


def _smallest(plan: tuple[int, int], seeds: int, images: int, enough: Enough) -> tuple[int, int]:
    """The fewest seeds, or the fewest images, of a plan that is enough."""
    by_seeds = plan[1] == images
    low, high = (seeds, plan[0]) if by_seeds else (images, plan[1])
    while low < high:
        middle = (low + high) // 2
        fine = enough(middle, images) if by_seeds else enough(plan[0], middle)
        low, high = (low, middle) if fine else (middle + 1, high)
    return (low, images) if by_seeds else (plan[0], low)
