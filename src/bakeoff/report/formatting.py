"""How the report writes numbers, names and file names."""

import re
from collections.abc import Iterable

from markupsafe import Markup

from bakeoff.core.types import Estimate, Interval
from bakeoff.evaluation.intervals import points

SLUG_LENGTH = 60


def percent(fraction: float | None) -> str:
    """A fraction as a percentage with one decimal: "55.1 %"."""
    return "–" if fraction is None else f"{100 * fraction:.1f} %"


def bounds(interval: Interval | None) -> str:
    """An interval of fractions: "52.0 to 58.2"."""
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def estimate(value: Estimate) -> str:
    """A mean with its interval: "55.1 % (52.0 to 58.2)"."""
    return percent(value.mean) + (f" ({bounds(value.interval)})" if value.interval else "")


def drawn(value: Estimate) -> str:
    """A mean with its interval as text, and below it as a small bar from 0 to 100 %."""
    if value.mean is None:
        return estimate(value)
    low, high = (value.interval.low, value.interval.high) if value.interval else (value.mean, value.mean)
    style = f"--low: {max(low, 0):.3f}; --high: {min(high, 1):.3f}; --mean: {value.mean:.3f}"
    bar = Markup('<span class="bar" style="{}" aria-hidden="true"></span>').format(style)
    return Markup("{}{}").format(estimate(value), bar)


def difference(value: Estimate) -> str:
    """A difference with its interval, in percentage points: "+1.9 (−0.8 to +4.5)"; a range alone: "−0.8 to +4.5"."""
    bounds = f"{points(value.interval.low)} to {points(value.interval.high)}" if value.interval else ""
    if value.mean is None:
        return bounds or "–"
    return points(value.mean) + (f" ({bounds})" if bounds else "")


def points_or_dash(value: Estimate | None) -> str:
    """A difference as `difference` writes it; a dash for none."""
    return difference(value) if value else "–"


def nats(value: Estimate) -> str:
    """A mean loss with its interval: "1.32 (1.20 to 1.44)"."""
    interval = f" ({value.interval.low:.2f} to {value.interval.high:.2f})" if value.interval else ""
    return "–" if value.mean is None else f"{value.mean:.2f}{interval}"


def probability(value: float | None) -> str:
    """A p value with three decimals, or "< 0.001"."""
    return "< 0.001" if value is not None and value < 0.001 else decimal(value)


def milliseconds(value: float | None) -> str:
    """A latency: "3.05 ms"."""
    return "–" if value is None else f"{_short(value)} ms"


def spread(value: Estimate) -> str:
    """A median latency with its quartiles: "3.05 ms (2.91 to 3.3)"."""
    quartiles = f" ({_short(value.interval.low)} to {_short(value.interval.high)})" if value.interval else ""
    return milliseconds(value.mean) + quartiles


def _short(value: float) -> str:
    """Three digits, or all those before the point."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def megabytes(value: int | None) -> str:
    """A size in bytes: "2.12 MB"."""
    return "–" if value is None else f"{value / 1e6:,.2f} MB"


def seconds(value: float | None) -> str:
    """A duration: "12.3 s" or "2 min 5 s"."""
    if value is None:
        return "–"
    return f"{value:.1f} s" if value < 60 else f"{int(value) // 60:,} min {int(value) % 60} s"


def millions(value: int | None) -> str:
    """A large number: "30.6 M"."""
    return "–" if value is None else f"{value / 1e6:,.1f} M"


def photos(value: float) -> str:
    """A number of photos, or the mean of several with one decimal; blank for none: "12", "12.3"."""
    return (f"{value:,}" if isinstance(value, int) else f"{value:,.1f}") if value else ""


def decimal(value: float | None) -> str:
    """A number with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def scientific(value: float | None) -> str:
    """A number whose magnitude counts: "3.2e-05"; an exact "0" stays one."""
    if value is None:
        return "not finite"
    return f"{value:.1e}" if value else "0"


def pixels(value: int | None) -> str:
    """A length in pixels: "90 px"; a dash for none."""
    return f"{value:,} px" if value else "–"


def shape(value: Iterable[int]) -> str:
    """A tensor's shape: "32 × 14 × 14"."""
    return " × ".join(map(str, value))


def status(value: str) -> str:
    """How a run ended; set off where it did not train."""
    return value if value == "trained" else Markup('<strong class="bad">{}</strong>').format(value)


def link(url: str) -> str:
    """An address as a link where it is one of the web, else as text."""
    if not re.match(r"https?://", url):
        return url
    return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(url)


def slug(name: str) -> str:
    """A name as a file name or an anchor may have it: lower-case letters, digits and dashes, not too long."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold())[:SLUG_LENGTH].strip("-") or "x"


def slugs(names: Iterable[str]) -> list[str]:
    """A slug for each name, no two the same; the second of a kind gets "-2"."""
    taken: list[str] = []
    for name in names:
        base = candidate = slug(name)
        number = 1
        while candidate in taken:
            number += 1
            candidate = f"{base}-{number}"
        taken.append(candidate)
    return taken
