"""Do the networks overfit?"""

from statistics import mean
from typing import Any

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results, epochs
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding

GAP = 0.10
"""Training minus validation accuracy from which a network counts as overfitted: ten points, several times what sampling
a thousand photos explains."""


@findings.register("overfitting")
def overfitting(results: Results) -> Finding:
    """Training minus validation accuracy, and the epoch where the validation loss turned."""
    measured = {
        network.name: numbers for network in results.comparison.networks if (numbers := _measure(results, network))
    }
    over = [name for name, numbers in measured.items() if numbers["gap"] > GAP]
    if not measured:
        verdict = "No run finished."
    elif over:
        parts = [f"{name} ({100 * measured[name]['gap']:.0f} points, {_turn(measured[name])})" for name in over]
        verdict = f"Training accuracy is above validation accuracy in {', '.join(parts)}."
    else:
        verdict = f"In no network is training accuracy more than {100 * GAP:.0f} points above validation accuracy."
    return Finding(
        code="overfitting",
        title="Overfitting",
        question="Do the networks learn the photos by heart?",
        state="not applicable" if not measured else "found" if over else "not found",
        verdict=verdict,
        limits="A gap is not harm by itself: validation accuracy can still rise while the gap opens.",
        evidence={"gap_threshold": GAP, "networks": measured},
        weight=60,
    )


def _turn(numbers: dict[str, Any]) -> str:
    turned = numbers["turned"]
    return f"validation loss turns after epoch {turned}" if turned else "validation loss still falls"


def _measure(results: Results, network: VariantScores) -> dict[str, Any] | None:
    if network.train_accuracy.mean is None or network.val_accuracy.mean is None:
        return None
    lowest, last = [], []
    for run in results.by_network[network.name]:
        lines = [line for line in epochs(run) if line.val_loss is not None]
        if run.finished and lines:
            lowest.append(min(lines, key=lambda line: line.val_loss or 0.0).epoch)
            last.append(lines[-1].epoch)
    turned = round(mean(lowest)) if lowest and mean(lowest) < mean(last) else None
    return {"gap": network.train_accuracy.mean - network.val_accuracy.mean, "turned": turned, "lowest_epochs": lowest}
