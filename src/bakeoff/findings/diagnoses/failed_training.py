"""Did every run train at all?"""

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results
from bakeoff.findings.failures import MARGIN, failures
from bakeoff.findings.finding import Finding, builtins_of


class FailedRuns(msgspec.Struct, frozen=True):
    """How many of a network's runs failed."""

    failed: int
    runs: int


class FailedTrainingEvidence(msgspec.Struct, frozen=True):
    """The margin of the loss in nats, counts by network, and the signs of failure by run."""

    margin: float
    networks: dict[str, FailedRuns]
    runs: dict[str, list[str]]


@findings.register("failed-training")
def failed_training(results: Results) -> Finding:
    """Which runs diverged, failed, or learned nothing: loss at ln K, one class predicted, validation at chance."""
    reasons = failures(results)
    counts = {
        name: FailedRuns(sum(run.name in reasons for run in runs), len(runs))
        for name, runs in results.by_network.items()
    }
    failed = [f"{name} ({own.failed} of {own.runs} seeds)" for name, own in counts.items() if own.failed]
    verdict = (
        f"Failed to train: {', '.join(failed)}. Their scores say nothing of what the network can do."
        if failed
        else "Every run trained: none diverged, stayed at chance level, or predicts a single class."
    )
    return Finding(
        code="failed-training",
        title="Failed training",
        question="Did every run train at all?",
        state="found" if failed else "not found",
        verdict=verdict,
        limits="A run can learn little without failing by these signs; more epochs may rescue a failed one.",
        evidence=builtins_of(FailedTrainingEvidence(MARGIN, counts, reasons)),
        weight=100,
    )
