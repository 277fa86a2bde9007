"""Confidence intervals and corrections."""

import math
from collections.abc import Sequence

from scipy.stats import beta, norm

from bakeoff.core.types import Interval

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE


def points(fraction: float) -> str:
    """A difference of fractions in percentage points, as every verdict writes it: "+1.9", "−0.8"."""
    return f"{100 * fraction:+.1f}".replace("-", "−")


def wilson(successes: float, count: float, alpha: float = ALPHA) -> Interval | None:
    """The Wilson score interval of a fraction (Wilson, JASA 1927); None if the count is 0.

    The count need not be whole: an effective sample size gives the interval of a fraction whose images are not
    independent (Korn and Graubard, Survey Methodology 24, 1998).
    """
    if count <= 0:
        return None
    z = float(norm.isf(alpha / 2))
    fraction, square = successes / count, z**2 / count
    centre = (fraction + square / 2) / (1 + square)
    half = z * math.sqrt(max(0.0, fraction * (1 - fraction)) / count + square / count / 4) / (1 + square)
    return Interval(max(centre - half, 0.0), min(centre + half, 1.0))


def clopper_pearson(successes: int, count: int, alpha: float = ALPHA) -> Interval:
    """The exact interval of a fraction (Clopper and Pearson, Biometrika 26, 1934); 0 to 1 if the count is 0."""
    low = float(beta.ppf(alpha / 2, successes, count - successes + 1)) if successes else 0.0
    high = float(beta.isf(alpha / 2, successes + 1, count - successes)) if successes < count else 1.0
    return Interval(low, high)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's correction (Scandinavian Journal of Statistics 6, 1979), in their order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted
