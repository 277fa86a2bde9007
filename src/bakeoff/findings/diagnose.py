"""Running every finding."""

from collections.abc import Sequence

from bakeoff.core.registry import findings
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.scores import Comparison, Finding
from bakeoff.findings.case import Case
from bakeoff.training.run import Run

ORDER = ("found", "undecided", "not found", "not applicable")


def diagnose(comparison: Comparison, dataset: Dataset, runs: Sequence[Run]) -> tuple[Finding, ...]:
    """All findings, most important first: what was found before what was not, then by weight.

    Args:
        comparison: The scores and paired tests of the runs.
        dataset: Their data set.
        runs: In the experiment's order.
    """
    case = Case(comparison, dataset, runs)
    made: list[Finding] = [findings[name](case) for name in findings.names()]
    return tuple(sorted(made, key=lambda finding: (ORDER.index(finding.state), -finding.weight, finding.code)))
