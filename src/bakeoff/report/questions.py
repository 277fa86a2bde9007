"""The homework's five questions, each with an answer and where its evidence is."""

from dataclasses import dataclass
from typing import NamedTuple

from bakeoff.findings.finding import Finding
from bakeoff.report.contents import ReportInput

BETTER = "What would make it better?"
NOT_MEASURED = (
    "Not measured yet: “bakeoff improve” trains a network with cleaner labels, fewer photos, augmentation and remedies "
    "for a vanishing signal, and ranks them by gain."
)


@dataclass(frozen=True)
class Question:
    """A question and where its answer comes from.

    Attributes:
        title: The question itself.
        codes: The findings that answer it; the first gives the short answer.
        sections: Anchors of the sections that hold the evidence.
    """

    title: str
    codes: tuple[str, ...]
    sections: tuple[str, ...]


QUESTIONS = (
    Question("Does padding help?", ("padding",), ("pairs", "networks")),
    Question("Does the deep network's gradient vanish?", ("vanishing-signal", "failed-training"), ("gradients",)),
    Question("Which network is best?", ("best-network", "power"), ("networks", "pairs")),
    Question("Which classes are confused, and why?", ("hard-classes", "ambiguous-labels"), ("details", "data")),
    Question(BETTER, ("overfitting",), ("improvements", "networks")),
)


class Answered(NamedTuple):
    """A question with its answer: a sentence, or the findings that answer it; and where the evidence is."""

    title: str
    answer: str
    findings: list[Finding]
    sections: tuple[str, ...]


def answered(case: ReportInput) -> list[Answered]:
    """The questions with their answers, in their order."""
    found = {finding.code: finding for finding in case.findings}
    return [
        Answered(
            question.title,
            _better(case) if question is QUESTIONS[-1] else "",
            [found[code] for code in question.codes if code in found],
            question.sections,
        )
        for question in QUESTIONS
    ]


def _better(case: ReportInput) -> str:
    return case.improvements.statement if case.improvements else NOT_MEASURED
