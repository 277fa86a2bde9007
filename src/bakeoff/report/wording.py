"""How the report writes numbers, names and file names."""

import re
from collections.abc import Iterable

from bakeoff.records import Estimate, Interval


def percent(share: float | None) -> str:
    """A share of 1 as a percentage with one decimal: "55.1 %"."""
    return "–" if share is None else f"{100 * share:.1f} %"


def bounds(interval: Interval | None) -> str:
    """An interval of shares: "52.0 to 58.2"."""
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def estimate(value: Estimate) -> str:
    """A mean with its interval: "55.1 % (52.0 to 58.2)"."""
    return percent(value.mean) + (f" ({bounds(value.interval)})" if value.interval else "")


def seconds(value: float | None) -> str:
    """A duration: "12.3 s" or "2 min 5 s"."""
    if value is None:
        return "–"
    return f"{value:.1f} s" if value < 60 else f"{int(value) // 60} min {int(value) % 60} s"


def decimal(value: float | None) -> str:
    """A number with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def pixels(value: int | None) -> str:
    """A length in pixels: "90 px"."""
    return "–" if value is None else f"{value} px"


def shape(value: Iterable[int]) -> str:
    """A tensor's shape: "32 × 14 × 14"."""
    return " × ".join(map(str, value))


def slug(name: str) -> str:
    """A name as a file name or an anchor may have it: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "x"
