"""The diagnosis: all findings, most important first."""

from collections.abc import Iterator, Mapping

import msgspec

from bakeoff.core.registry import sections
from bakeoff.findings.finding import Finding
from bakeoff.report.contents import ReportInput, Section, Table


@sections.register("25-findings")
def findings(case: ReportInput) -> Section:
    """Each finding with its state, verdict, limits and evidence."""
    entries = [
        {
            "finding": finding,
            "verdict": _beyond_the_answer(finding),
            "evidence": Table(
                f"finding-{finding.code}",
                f"Evidence of the finding {finding.code}.",
                ("what", "value"),
                list(_flat(msgspec.to_builtins(finding.evidence))),
            ),
        }
        for finding in case.findings
    ]
    return Section("Findings", "findings.html", {"findings": entries})


def _beyond_the_answer(finding: Finding) -> str:
    """The verdict; nothing where the first screen has all of it."""
    return "" if finding.answer and finding.answer.text == finding.verdict else finding.verdict


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of nested mappings and lists, each with the path that leads to it."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{name} / {key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        for number, part in enumerate(value, start=1):
            yield from _flat(part, f"{name} / {number}")
    else:
        yield name, ", ".join(map(_leaf, value)) if isinstance(value, list) else _leaf(value)


def _leaf(value: object) -> str:
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
