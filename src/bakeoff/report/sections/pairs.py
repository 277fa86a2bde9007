"""Every two networks compared on the same photos and seeds."""

from collections.abc import Sequence

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.scores import PairScores
from bakeoff.report import charts
from bakeoff.report.contents import Figure, ReportInput, Section, Table
from bakeoff.report.formatting import difference, probability

CAPTION = (
    "Validation accuracy of the second network minus the first, in percentage points, with its 95 % interval over "
    "seeds and photos. p: that there is no difference, after Holm's correction over all pairs."
)

CHART = "The differences of validation accuracy with their 95 % intervals. Dashed: no difference."


@sections.register("22-pairs")
def pairs(case: ReportInput) -> Section:
    """The table of pairs, and their differences with intervals as a chart."""
    return show(case.comparison.pairs)


def show(compared: Sequence[PairScores]) -> Section:
    """The section on any pairs of networks."""
    tested = [pair for pair in compared if pair.interval]
    values = {
        "figure": Figure("pairs", CHART, charts.differences(tested)) if tested else None,
        "table": _table(compared),
        "mcnemar": _mcnemar(compared),
        "statements": [pair.statement for pair in compared],
    }
    return Section("Pair by pair", "pairs.html", values)


def _table(compared: Sequence[PairScores]) -> Table:
    columns = ("first", "second", "seeds", "difference", "p (Holm)", "verdict")
    rows = [
        (
            pair.first,
            pair.second,
            len(pair.seeds),
            Estimate(pair.difference, pair.interval),
            pair.adjusted_p,
            pair.verdict,
        )
        for pair in compared
    ]
    return Table("pairs", CAPTION, columns, rows, {"difference": difference, "p (Holm)": probability})


def _mcnemar(compared: Sequence[PairScores]) -> Table:
    caption = "The exact McNemar test of each seed's two runs: photos that only one of them predicted correctly."
    rows = [
        (pair.first, pair.second, test.seed, test.only_first, test.only_second, test.p_value)
        for pair in compared
        for test in pair.tests
    ]
    columns = ("first", "second", "seed", "only first correct", "only second correct", "p")
    return Table("mcnemar", caption, columns, rows, {"p": probability})
