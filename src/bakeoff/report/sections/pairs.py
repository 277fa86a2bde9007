"""Every two networks compared on the same photos and seeds."""

from collections.abc import Sequence

from bakeoff.core.registry import sections
from bakeoff.core.types import Estimate
from bakeoff.evaluation.scores import PairScores
from bakeoff.report.contents import Format, ReportInput, Section, Table
from bakeoff.report.formatting import difference, percent, probability
from bakeoff.report.pairs_chart import pairs_figure

CHANCE = "P(second > first)"
PRECISION = "mAP difference"
CAPTION = (
    "Validation accuracy of the second network minus the first, in percentage points, over the seeds with which both "
    "trained, with its 95 % interval over seeds and photos. p: of no difference, of a difference beyond the margin of "
    "{margin} (equivalence), and of failing to train equally often, each after Holm's correction over all pairs. "
    "P(second > first): how often a run of the second has the higher accuracy."
)


@sections.register("22-pairs")
def pairs(case: ReportInput) -> Section:
    """The table of pairs; their chart is on the first screen."""
    return show(case.comparison.pairs, case.comparison.margin, chart=False)


def show(compared: Sequence[PairScores], margin: float, *, chart: bool = True) -> Section:
    """The section on any pairs of networks."""
    values = {
        "figure": pairs_figure(compared, margin) if chart else None,
        "table": _table(compared, margin),
        "mcnemar": _mcnemar(compared),
        "statements": [pair.statement for pair in compared],
    }
    return Section("Pair by pair", "pairs.html", values)


def _table(compared: Sequence[PairScores], margin: float) -> Table:
    formats: dict[str, Format] = {
        "difference": difference,
        "p (better)": probability,
        "p (equivalent)": probability,
        "p (failures)": probability,
        CHANCE: percent,
    }
    ranked = any(pair.precision_difference.mean is not None for pair in compared)
    if ranked:
        formats[PRECISION] = difference

    columns = ("first", "second", "seeds", *formats, "verdict")
    rows = [
        (
            pair.first,
            pair.second,
            len(pair.seeds),
            Estimate(pair.difference, pair.interval),
            pair.adjusted_p,
            pair.adjusted_equivalence_p,
            pair.failure_p,
            pair.improvement,
            *([pair.precision_difference] if ranked else []),
            f"{pair.verdict}, by less than the margin" if pair.within_margin else pair.verdict,
        )
        for pair in compared
    ]
    caption = CAPTION.format(margin=f"{100 * margin:g} points")
    if ranked:
        caption += f" {PRECISION}: the difference of mean average precision, which is not tested."
    return Table("pairs", caption, columns, rows, formats)


def _mcnemar(compared: Sequence[PairScores]) -> Table:
    caption = "The exact McNemar test of each seed's two runs: photos that only one of them predicted correctly."
    rows = [
        (pair.first, pair.second, test.seed, test.only_first, test.only_second, test.p_value)
        for pair in compared
        for test in pair.tests
    ]
    columns = ("first", "second", "seed", "only first correct", "only second correct", "p")
    return Table("mcnemar", caption, columns, rows, {"p": probability})
