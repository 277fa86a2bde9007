"""Running every finding."""

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding

ORDER = ("found", "undecided", "not found", "not applicable")


def diagnose(results: Results) -> tuple[Finding, ...]:
    """All findings, most important first: what was found before what was not, then by weight."""
    made: list[Finding] = [findings[name](results) for name in findings.names()]
    return tuple(sorted(made, key=lambda finding: (ORDER.index(finding.state), -finding.weight, finding.code)))
