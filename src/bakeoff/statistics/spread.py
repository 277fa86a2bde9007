"""The variance of a mean difference when both the seeds and the photos are samples."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from bakeoff.records import Interval
from bakeoff.statistics.intervals import CONFIDENCE

ALPHA = 1 - CONFIDENCE
POWER = 0.8
LARGEST_ANSWER = 1_000_000


@dataclass(frozen=True)
class Spread:
    """The mean of a table of differences (seeds × photos) and the parts of its variance.

    Both the seeds and the photos are samples: a network trained with another seed, and other photos of the same kind,
    would give another difference. With D = difference + seed + photo + rest, the variance of the mean is estimated by
    var(seed means)/S + var(photo means)/N - var(rest)/(S·N), the two-way random effects analysis of variance, and its
    degrees of freedom by Satterthwaite (Biometrics Bulletin, 1946). The unbiased estimate can fall below each of its
    first two terms; the larger of them is taken then, which errs on the side of a wider interval.

    Attributes:
        mean: The mean difference.
        seeds: Number of seeds, S.
        images: Number of photos, N.
        seed_part: Variance of a seed's effect.
        image_part: Variance of a photo's effect.
        rest: Variance of what is left.
        variance: Of the mean.
        freedom: Degrees of freedom of the variance.
    """

    mean: float
    seeds: int
    images: int
    seed_part: float
    image_part: float
    rest: float
    variance: float
    freedom: float


def spread(differences: npt.NDArray[np.float64]) -> Spread:
    """The mean and its variance for differences of shape (S, N), with S and N at least 2."""
    count, images = differences.shape
    mean = float(differences.mean())
    by_seed, by_image = differences.mean(axis=1), differences.mean(axis=0)
    seed_term, image_term = by_seed.var(ddof=1) / count, by_image.var(ddof=1) / images
    residual = differences - by_seed[:, None] - by_image[None, :] + mean
    rest = float((residual**2).sum() / ((count - 1) * (images - 1)))
    rest_term = rest / (count * images)
    variance = float(max(seed_term + image_term - rest_term, seed_term, image_term))
    parts = ((seed_term, count - 1), (image_term, images - 1), (rest_term, (count - 1) * (images - 1)))
    spent = sum(term**2 / freedom for term, freedom in parts)
    return Spread(
        mean=mean,
        seeds=count,
        images=images,
        seed_part=max(0.0, float(by_seed.var(ddof=1)) - rest / images),
        image_part=max(0.0, float(by_image.var(ddof=1)) - rest / count),
        rest=rest,
        variance=variance,
        freedom=max(1.0, variance**2 / spent) if spent > 0 else float(images - 1),
    )


def interval(found: Spread) -> Interval:
    """The 95 % t interval of the mean difference, over seeds and photos."""
    half = float(t.ppf(1 - ALPHA / 2, found.freedom)) * math.sqrt(found.variance)
    return Interval(found.mean - half, found.mean + half)


def p_value(found: Spread) -> float:
    """That the true mean difference is zero, by the same t distribution as the interval."""
    if found.variance == 0:
        return 1.0 if found.mean == 0 else 0.0
    return float(2 * t.sf(abs(found.mean) / math.sqrt(found.variance), found.freedom))


def detectable(found: Spread) -> float:
    """The smallest true difference that would be separated at 5 % with 80 % power, with this variance."""
    return float(t.ppf(1 - ALPHA / 2, found.freedom) + norm.ppf(POWER)) * math.sqrt(found.variance)


def needed(found: Spread) -> tuple[int | None, int | None]:
    """About how many seeds, and how many photos, would separate this difference at 5 % with 80 % power.

    A normal approximation with the estimated parts of the variance; null where no number would, or beyond a million.
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
