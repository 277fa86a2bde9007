"""Means over seeds and images with intervals that hold for new seeds and new images."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from bakeoff.core.types import Estimate, Interval
from bakeoff.evaluation.intervals import ALPHA, wilson
from bakeoff.evaluation.variance_components import clustered, variance_components

Table = npt.NDArray[np.float64]
"""A number per seed and image: (S, N)."""

Clusters = npt.NDArray[np.int64]
"""By image the photo that it is from, 0 to C - 1: (N,)."""


def ratio(numerator: Table, denominator: Table) -> Table:
    """A table whose means over images are each seed's sum(numerator) / sum(denominator), linearised.

    Recall, precision and F1 are such ratios; the deviations from the mean are the influence of each image (Cochran,
    Sampling Techniques, 1977, section 2.11). A seed whose denominator is 0 has the ratio 0, as in scikit-learn.

    Args:
        numerator: float64 (S, N).
        denominator: float64 (S, N).
    """
    level = denominator.mean(axis=1, keepdims=True)
    safe = np.where(level > 0, level, 1.0)
    ratios = numerator.mean(axis=1, keepdims=True) / safe
    table: Table = ratios + (numerator - ratios * denominator) / safe
    return table


def estimate(
    table: Table, clusters: Clusters | None = None, *, alpha: float = ALPHA, fraction: bool = True
) -> Estimate:
    """The mean of a table with its interval over seeds and images; with one seed over images alone.

    The interval of a fraction is Wilson's with the sample size that would have the variance of this mean: it stays
    between 0 and 1, and holds near them.

    Args:
        table: float64 (S, N).
        clusters: By image the photo that it is from, where one photo gives several.
        alpha: One minus the coverage.
        fraction: Whether the mean is between 0 and 1.
    """
    if table.size == 0:
        return Estimate(None, None)
    mean, images = float(table.mean()), table.shape[1]
    if clusters is not None:
        table = clustered(table, clusters)
    if images < 2 or table.shape[1] < 2:
        return Estimate(mean, None)
    half = _half_width(table, alpha)
    if not fraction:
        return Estimate(mean, Interval(mean - half, mean + half))
    mean = min(max(mean, 0.0), 1.0)
    variance, binomial = (half / float(norm.isf(alpha / 2))) ** 2, mean * (1 - mean)
    size = binomial / variance if variance > 0 and binomial > 0 else float(table.shape[1])
    return Estimate(mean, wilson(mean * size, size, alpha))


def _half_width(table: Table, alpha: float) -> float:
    if len(table) > 1:
        return variance_components(table).half_width(alpha / 2)
    return float(norm.isf(alpha / 2)) * math.sqrt(float(table.var()) / table.shape[1])  # of 0 and 1: gives Wilson's


def over_seeds(values: npt.ArrayLike) -> Estimate:
    """The mean of one fraction per seed with its 95 % t interval, within 0 and 1; no interval below two values."""
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) == 0:
        return Estimate(None, None)
    mean = float(numbers.mean())
    if len(numbers) < 2:
        return Estimate(mean, None)
    half = float(t.isf(ALPHA / 2, len(numbers) - 1)) * float(numbers.std(ddof=1)) / math.sqrt(len(numbers))
    return Estimate(mean, Interval(max(mean - half, 0.0), min(mean + half, 1.0)))
