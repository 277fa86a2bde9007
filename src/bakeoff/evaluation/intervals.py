"""Confidence intervals."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, t

from bakeoff.core.types import Estimate, Interval

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
Z = float(norm.isf(ALPHA / 2))


def points(fraction: float) -> str:
    """A difference of fractions in percentage points, as every verdict writes it: "+1.9", "−0.8"."""
    return f"{100 * fraction:+.1f}".replace("-", "−")


def wilson(successes: float, count: int) -> Interval | None:
    """The 95 % Wilson score interval of a fraction (Wilson, JASA 1927); None if the count is 0."""
    if count == 0:
        return None
    fraction, square = successes / count, Z**2 / count
    centre = (fraction + square / 2) / (1 + square)
    half = Z * math.sqrt(fraction * (1 - fraction) / count + square / count / 4) / (1 + square)
    return Interval(max(centre - half, 0.0), min(centre + half, 1.0))


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of one fraction per seed with its 95 % t interval, clipped to 0 to 1; None below two values."""
    if not values:
        return Estimate(None, None)
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, None)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Estimate(mean, Interval(max(mean - half, 0.0), min(mean + half, 1.0)))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's correction (Scandinavian Journal of Statistics 6, 1979), in their order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted
