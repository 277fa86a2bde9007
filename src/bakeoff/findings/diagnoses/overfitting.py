"""Do the networks memorise the training set?"""

from statistics import mean

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results, epochs
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, builtins_of

GAP = 0.10
"""Training minus validation accuracy from which a network counts as overfitted: ten points, several times what sampling
a thousand images explains."""


class Overfit(msgspec.Struct, frozen=True):
    """One network.

    Attributes:
        gap: Mean training minus mean validation accuracy, a fraction.
        turned: The epoch after which the validation loss rose, a mean over seeds; None where it still falls.
        lowest_epochs: By seed, the epoch of the lowest validation loss.
    """

    gap: float
    turned: int | None
    lowest_epochs: list[int]


class OverfittingEvidence(msgspec.Struct, frozen=True):
    """The threshold, and each network that has finished runs."""

    gap_threshold: float
    networks: dict[str, Overfit]


@findings.register("overfitting")
def overfitting(results: Results) -> Finding:
    """Training minus validation accuracy, and the epoch where the validation loss turned."""
    networks = results.comparison.networks
    measured = {network.name: own for network in networks if (own := _measure(results, network))}
    over = {name: own for name, own in measured.items() if own.gap > GAP}
    if not measured:
        verdict = "No run finished."
    elif over:
        parts = [f"{name} ({100 * own.gap:.0f} points, {_turn(own)})" for name, own in over.items()]
        verdict = f"Training accuracy is above validation accuracy in {', '.join(parts)}."
    else:
        verdict = f"In no network is training accuracy more than {100 * GAP:.0f} points above validation accuracy."
    return Finding(
        code="overfitting",
        title="Overfitting",
        question="Do the networks memorise the training set?",
        state="not applicable" if not measured else "found" if over else "not found",
        verdict=verdict,
        limits="A gap is not harm by itself: validation accuracy can still rise while the gap opens.",
        evidence=builtins_of(OverfittingEvidence(GAP, measured)),
        weight=60,
    )


def _turn(own: Overfit) -> str:
    return f"validation loss turns after epoch {own.turned}" if own.turned else "validation loss still falls"


def _measure(results: Results, network: VariantScores) -> Overfit | None:
    if network.train_accuracy.mean is None or network.val_accuracy.mean is None:
        return None
    lowest, last = [], []
    for run in results.by_network[network.name]:
        lines = [line for line in epochs(run) if line.val_loss is not None]
        if run.finished and lines:
            lowest.append(min(lines, key=lambda line: line.val_loss or 0.0).epoch)
            last.append(lines[-1].epoch)
    turned = round(mean(lowest)) if lowest and mean(lowest) < mean(last) else None
    return Overfit(network.train_accuracy.mean - network.val_accuracy.mean, turned, lowest)
