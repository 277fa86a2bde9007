"""A finding: a diagnosis with a code, a state, a verdict and its evidence."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

State = Literal["found", "not found", "undecided", "not applicable"]
Mark = Literal["yes", "no", "undecided", "failed", "not measured"]
Evidence = TypeVar("Evidence", bound=msgspec.Struct)


class ShortAnswer(msgspec.Struct, frozen=True):
    """What the first screen of the report says of a finding's question: a mark, and a few words with the number."""

    mark: Mark
    text: str


class Finding(msgspec.Struct, frozen=True):
    """A diagnosis.

    Attributes:
        code: Its name, as `bakeoff list findings` has it.
        title: A heading.
        question: The question it answers.
        state: "found" and "not found" are decided; "undecided": the data do not decide; "not applicable": there is
            nothing to decide it on, and the verdict says why.
        verdict: The answer in one sentence.
        limits: What the evidence can't say.
        evidence: The numbers behind the verdict: the diagnosis's own record as JSON has it; see `evidence_as`.
        weight: The larger, the earlier in the report.
        answer: What the report's first screen says; None where the question does not arise.
    """

    code: str
    title: str
    question: str
    state: State
    verdict: str
    limits: str
    evidence: Mapping[str, Any]  # JSON: a finding of another package has a record that is not known here
    weight: int
    answer: ShortAnswer | None = None

    def evidence_as(self, kind: type[Evidence]) -> Evidence:
        """The evidence as the record that the diagnosis made it from.

        Raises:
            msgspec.ValidationError: It is of another kind.
        """
        return msgspec.convert(self.evidence, kind)


class Findings(msgspec.Struct, frozen=True):
    """All findings of an experiment, the most important first; `findings.json`."""

    findings: tuple[Finding, ...]
    schema: int = 1


def builtins_of(evidence: msgspec.Struct) -> Mapping[str, Any]:
    """A diagnosis's record as `Finding.evidence` stores it."""
    stored: Mapping[str, Any] = msgspec.to_builtins(evidence)  # as there
    return stored
