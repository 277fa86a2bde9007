"""What was tried to make a network better, and what each change gained."""

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.improvements import Improvements
from bakeoff.evaluation.intervals import points
from bakeoff.report import charts
from bakeoff.report.contents import Figure, ReportInput, Section, Table
from bakeoff.report.formatting import difference, estimate

CURVE = (
    "Learning curve of {}: mean validation accuracy by training images, with its 95 % interval over seeds and "
    "photos. Hollow: the range that power laws through the runs give, with a floor and without."
)


@sections.register("60-improvements")
def improvements(case: ReportInput) -> Section | None:
    """The ranking of the changes and the learning curve; only a hint where nothing was tried."""
    if not case.runs:
        return None
    tried = case.improvements
    values = {"statement": tried.statement, **_shown(tried)} if tried else {"statement": ""}
    return Section("What would make it better", "improvements.html", values)


def _shown(tried: Improvements) -> dict[str, object]:
    caption = CURVE.format(tried.network)
    return {
        "table": _table(tried),
        "curve": _curve(tried, caption),
        "figure": Figure("learning-curve", caption, charts.learning_curve(tried.curve)) if tried.curve else None,
    }


def _table(tried: Improvements) -> Table:
    rows = [
        (
            change.what,
            change.kind,
            Estimate(change.gain, change.interval),
            change.expected,
            change.seeds,
            change.images or None,
            change.scored_on or None,
            change.verdict,
        )
        for change in tried.changes
    ]
    caption = f"Gain in validation accuracy of {tried.network} by one change at a time, in percentage points, with its "
    caption += "95 % interval over seeds and photos (extrapolated: the range of the curves). To expect: the gain less "
    caption += (
        "what picking the largest of several noisy gains adds. Verdicts after Holm's correction over the changes; "
    )
    caption += "rows that are scored on other photos do not compare with each other."
    columns = ("change", "kind", "gain", "to expect", "seeds", "photos", "scored on", "verdict")
    return Table("improvements", caption, columns, rows, {"gain": difference, "to expect": _points})


def _points(value: float | None) -> str:
    return "–" if value is None else points(value)


def _curve(tried: Improvements, caption: str) -> Table:
    rows = [
        (point.images, Estimate(point.accuracy, point.interval), "extrapolated" if point.extrapolated else "measured")
        for point in tried.curve
    ]
    columns = ("training images", "validation accuracy", "kind")
    return Table("learning-curve", caption, columns, rows, {"validation accuracy": estimate})
