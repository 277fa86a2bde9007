"""The variance of a mean difference when both the seeds and the photos are samples."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm, t

from bakeoff.core.types import Interval
from bakeoff.evaluation.intervals import ALPHA

POWER = 0.8
LARGEST_ANSWER = 1_000_000
SMALLEST_P = 1e-12


@dataclass(frozen=True)
class Spread:
    """The mean of a table of differences (seeds × photos) and the parts of its variance.

    Both the seeds and the photos are samples: a network trained with another seed, and other photos of the same kind,
    would give another difference. With D = difference + seed + photo + rest, the variance of the mean is the sum of
    two parts, by the two-way random effects analysis of variance: var(seed means)/S, and
    (var(photo means) - var(rest)/S)/N, which counts as zero where it falls below.

    Attributes:
        mean: The mean difference.
        seeds: Number of seeds, S.
        images: Number of photos, N.
        seed_part: Variance of a seed's effect.
        image_part: Variance of a photo's effect.
        rest: Variance of what is left.
        over_seeds: Part of the mean's variance that the seeds give, with S - 1 degrees of freedom.
        over_images: Part that the photos give beyond it, with N - 1.
    """

    mean: float
    seeds: int
    images: int
    seed_part: float
    image_part: float
    rest: float
    over_seeds: float
    over_images: float

    def margin(self, alpha: float = ALPHA) -> float:
        """Half the width of the interval with coverage 1 - alpha.

        Each part of the variance is multiplied by the square of its own t quantile: Banerjee's interval (Sankhyā 22,
        1960), whose coverage does not fall below the nominal one. `benchmarks/simulation.py` measures it.
        """
        parts = ((self.over_seeds, self.seeds), (self.over_images, self.images))
        return math.sqrt(sum(float(t.isf(alpha / 2, count - 1)) ** 2 * part for part, count in parts if part > 0))


def spread(differences: npt.NDArray[np.float64]) -> Spread:
    """The mean and its variance for differences of shape (S, N), with S and N at least 2."""
    count, images = differences.shape
    mean = float(differences.mean())
    by_seed, by_image = differences.mean(axis=1), differences.mean(axis=0)
    residual = differences - by_seed[:, None] - by_image[None, :] + mean
    rest = float((residual**2).sum() / ((count - 1) * (images - 1)))
    image_part = max(0.0, float(by_image.var(ddof=1)) - rest / count)
    return Spread(
        mean=mean,
        seeds=count,
        images=images,
        seed_part=max(0.0, float(by_seed.var(ddof=1)) - rest / images),
        image_part=image_part,
        rest=rest,
        over_seeds=float(by_seed.var(ddof=1)) / count,
        over_images=image_part / images,
    )


def interval(found: Spread) -> Interval:
    """The 95 % interval of the mean difference, over seeds and photos."""
    return Interval(found.mean - found.margin(), found.mean + found.margin())


def p_value(found: Spread) -> float:
    """The smallest alpha whose interval excludes zero: how likely, without any difference, one as large would be."""
    if found.mean == 0 or found.margin() == 0:
        return 1.0 if found.mean == 0 else 0.0
    if found.margin(SMALLEST_P) < abs(found.mean):
        return 0.0
    return float(brentq(lambda alpha: found.margin(alpha) - abs(found.mean), SMALLEST_P, 1.0, xtol=SMALLEST_P))


def detectable(found: Spread) -> float:
    """The smallest true difference that would be separated at 5 % with 80 % power, with this variance."""
    return found.margin() + float(norm.ppf(POWER)) * math.sqrt(found.over_seeds + found.over_images)


def needed(found: Spread) -> tuple[int | None, int | None]:
    """About how many seeds, and how many photos, would separate this difference at 5 % with 80 % power.

    A normal approximation with the estimated variance components; None where no number would, or beyond a million.
    """
    if found.mean == 0:
        return None, None
    target = (abs(found.mean) / float(norm.ppf(1 - ALPHA / 2) + norm.ppf(POWER))) ** 2
    for_seeds = target - found.image_part / found.images
    for_images = target - found.seed_part / found.seeds
    seeds = _round_up(found.seed_part + found.rest / found.images, for_seeds)
    return seeds, _round_up(found.image_part + found.rest / found.seeds, for_images)


def _round_up(part: float, room: float) -> int | None:
    return max(2, math.ceil(part / room)) if room > 0 and part / room < LARGEST_ANSWER else None
