"""The variance of a mean over seeds and images when both are samples."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtrit

from bakeoff.core.types import Interval

SMALLEST_P = 1e-12


@dataclass(frozen=True)
class VarianceComponents:
    """The mean of a table (seeds × images) and the parts of its variance.

    Both seeds and images are samples: another seed, and other images of the same kind, would give another mean. With
    value = mean + seed + image + rest, the two-way random effects analysis of variance splits the variance of the mean
    into `over_seeds` and `over_images`.

    Attributes:
        mean: The mean.
        seeds: Number of seeds, S, at least 2.
        images: Number of images, N, at least 2; of clusters where images are clustered.
        seed_part: Variance of a seed's effect.
        image_part: Variance of an image's effect.
        rest: Variance of what is left.
        over_seeds: Part of the mean's variance that the seeds give, with S - 1 degrees of freedom: var(seed means)/S,
            and never less than rest/(N·S), since seed means that agree by chance do not make the rest go away.
        over_images: Part that the images give beyond it, with N - 1: `image_part`/N, and what is added to it.
    """

    mean: float
    seeds: int
    images: int
    seed_part: float
    image_part: float
    rest: float
    over_seeds: float
    over_images: float

    def half_width(self, tail: float) -> float:
        """Half the width of an interval that leaves out so much on each side.

        Each part of the variance is multiplied by the square of its own t quantile: Banerjee's interval (Sankhyā 22,
        1960), whose coverage does not fall below the nominal one. `benchmarks/simulation.py` measures it.
        """
        parts = ((self.over_seeds, self.seeds), (self.over_images, self.images))
        return math.sqrt(sum(float(stdtrit(count - 1, tail)) ** 2 * part for part, count in parts if part > 0))

    def interval(self, alpha: float, lowest: float = -1.0, highest: float = 1.0) -> Interval:
        """The interval of the mean with coverage 1 - alpha, within what is possible."""
        half = self.half_width(alpha / 2)
        return Interval(max(lowest, self.mean - half), min(highest, self.mean + half))

    def tail(self, distance: float) -> float:
        """How likely the mean, on one side, is at least so far from the truth: 0.5 where the distance is 0 or less."""
        if distance <= 0:
            return 0.5
        if self.half_width(SMALLEST_P) <= distance:
            return SMALLEST_P
        return float(brentq(lambda tail: self.half_width(tail) - distance, SMALLEST_P, 0.5, xtol=SMALLEST_P))


def variance_components(table: npt.NDArray[np.float64], extra: float = 0.0) -> VarianceComponents:
    """The mean and its variance for a table of shape (S, N), with S and N at least 2.

    Args:
        table: A number per seed and image, or per seed and cluster (see `clustered`).
        extra: Added to the sum over images of their squared effects, as if there were so many images more with an
            effect of one: keeps the variance from vanishing where few images differ at all.
    """
    count, images = table.shape
    mean = float(table.mean())
    by_seed, by_image = table.mean(axis=1), table.mean(axis=0)
    between = float(by_image.var(ddof=1))
    total = float(((table - by_seed[:, None]) ** 2).sum())
    rest = max(0.0, (total - count * (images - 1) * between) / ((count - 1) * (images - 1)))
    image_part = max(0.0, between - rest / count)
    over_seeds = float(by_seed.var(ddof=1)) / count
    return VarianceComponents(
        mean=mean,
        seeds=count,
        images=images,
        seed_part=max(0.0, count * over_seeds - rest / images),
        image_part=image_part,
        rest=rest,
        over_seeds=max(over_seeds, rest / (images * count)),
        over_images=(image_part + extra / images) / images,
    )


def clustered(table: npt.NDArray[np.float64], clusters: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """A table of shape (S, C) over clusters of images, whose means over clusters are the means over images.

    Objects of one photo are not independent; the photo is what is sampled. A mean over images of clusters of unequal
    sizes is a ratio, which is linearised (Cochran, Sampling Techniques, 1977, section 2.11).

    Args:
        table: A number per seed and image, float64 (S, N).
        clusters: int64 (N,): the cluster of each image, 0 to C - 1, none of them empty.
    """
    sizes = np.bincount(clusters)
    if len(sizes) == table.shape[1]:
        return table
    sums = np.stack([np.bincount(clusters, weights=row) for row in table])
    means = table.mean(axis=1, keepdims=True)
    linear: npt.NDArray[np.float64] = means + len(sizes) / table.shape[1] * (sums - means * sizes)
    return linear
