"""Confidence intervals."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t
from statsmodels.stats.proportion import proportion_confint

from bakeoff.core.types import Estimate, Interval

CONFIDENCE = 0.95


def points(share: float) -> str:
    """A difference of shares in percentage points, as every verdict writes it: "+1.9", "−0.8"."""
    return f"{100 * share:+.1f}".replace("-", "−")


def wilson(successes: int, trials: int) -> Interval | None:
    """The 95 % Wilson score interval of a share (Wilson, JASA 1927); null without trials."""
    if trials == 0:
        return None
    low, high = proportion_confint(successes, trials, alpha=1 - CONFIDENCE, method="wilson")
    return Interval(float(low), float(high))


def over_seeds(values: Sequence[float]) -> Estimate:
    """The mean of one share a seed with its 95 % t interval, cut to 0 to 1; null with fewer than two values."""
    if not values:
        return Estimate(None, None)
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean, None)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Estimate(mean, Interval(max(mean - half, 0.0), min(mean + half, 1.0)))
