"""Did every run train at all?"""

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results
from bakeoff.findings.failures import MARGIN, failures
from bakeoff.findings.finding import Finding


@findings.register("failed-training")
def failed_training(results: Results) -> Finding:
    """Which runs diverged, failed, or learned nothing: loss at ln K, one class predicted, validation at chance."""
    reasons = failures(results)
    shares = {
        name: {"failed": sum(run.name in reasons for run in runs), "runs": len(runs)}
        for name, runs in results.by_network.items()
    }
    failed = [
        f"{name} ({counts['failed']} of {counts['runs']} seeds)" for name, counts in shares.items() if counts["failed"]
    ]
    verdict = (
        f"Failed to train: {', '.join(failed)}. Their scores say nothing of what the network can do."
        if failed
        else "Every run trained: none diverged, stayed at the loss of guessing, or predicts a single class."
    )
    return Finding(
        code="failed-training",
        title="Failed training",
        question="Did every run train at all?",
        state="found" if failed else "not found",
        verdict=verdict,
        limits="A run can learn little without failing by these signs; more epochs may wake a failed one.",
        evidence={"margin": MARGIN, "networks": shares, "runs": reasons},
        weight=100,
    )
