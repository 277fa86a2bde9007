"""How the error falls with the number of training images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bakeoff.core.types import Interval

EXPONENTS = np.linspace(0.02, 2.0, 100)
"""Exponents of learning curves lie in this range (Hestness et al., Deep Learning Scaling is Predictable, Empirically,
2017, table 1: 0.07 to 0.35 where images are what is missing; steeper ones come from a floor that is near)."""

DRAWS, TAIL = 400, 0.0125
Errors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Extrapolation:
    """What more training images may give.

    Attributes:
        error: The error, 0 to 1, with the most images that were used: the mean over its runs.
        range: From the least that a curve with a floor says to the most that one without says, with the noise of the
            runs: a range of models, in which the truth lies if either kind of curve is true.
    """

    error: float
    range: Interval


def extrapolate(images: Sequence[int], errors: Sequence[float], factor: float) -> Extrapolation | None:
    """Extrapolates to `factor` times the most images by error = floor + scale · images^-exponent.

    A few sizes can't tell a curve that goes on falling from one that levels off: it is fitted with and without a floor.
    Each fit is repeated with the sizes' mean errors drawn anew, by Student's t with the variance that the runs of one
    size have in common.

    Args:
        images: Training images of each run.
        errors: Its error, 0 to 1.
        factor: Above 1.

    Returns:
        None with fewer than two sizes, one run of each, or no error at all.
    """
    sizes, groups = np.unique(images, return_inverse=True)
    freedom = len(images) - len(sizes)
    if len(sizes) < 2 or freedom < 1 or max(errors) <= 0:
        return None
    runs = np.bincount(groups)
    means = np.bincount(groups, weights=errors) / runs
    variance = float(((np.array(errors) - means[groups]) ** 2).sum() / freedom)
    noise = np.random.default_rng(0).standard_t(freedom, (DRAWS, len(sizes))) * np.sqrt(variance / runs)
    relative, drawn = sizes / sizes.max(), np.clip(means + noise, 0.0, 1.0)
    falling, levelling = (_gains(relative, drawn, factor, floor=floor) for floor in (False, True))
    return Extrapolation(
        error=float(means[-1]),
        range=Interval(
            float(min(np.quantile(own, TAIL) for own in (falling, levelling))),
            float(max(np.quantile(own, 1 - TAIL) for own in (falling, levelling))),
        ),
    )


def _gains(sizes: Errors, errors: Errors, factor: float, *, floor: bool) -> Errors:
    """By how much each row's fitted curve falls from the size 1 to `factor`: least squares, no part below zero."""
    best, gains = np.full(len(errors), np.inf), np.zeros(len(errors))
    for exponent in EXPONENTS:
        basis = sizes**-exponent
        centre = basis.mean() if floor else 0.0
        slopes = (errors - (errors.mean(axis=1, keepdims=True) if floor else 0.0)) @ (basis - centre)
        scale = np.maximum(slopes / ((basis - centre) ** 2).sum(), 0.0)
        base = errors.mean(axis=1) - scale * basis.mean() if floor else np.zeros(len(errors))
        if floor:  # below zero the best floor is zero
            plain = np.maximum(errors @ basis / (basis**2).sum(), 0.0)
            scale, base = np.where(base < 0, plain, scale), np.maximum(base, 0.0)
        misfit = ((errors - base[:, None] - scale[:, None] * basis) ** 2).sum(axis=1)
        better = misfit < best
        best = np.where(better, misfit, best)
        gains = np.where(better, scale * (1 - factor**-exponent), gains)
    return gains
