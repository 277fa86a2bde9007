"""Do the networks memorise the training set?"""

from statistics import mean

import msgspec
import numpy as np

from bakeoff.core.registry import findings
from bakeoff.core.types import Estimate
from bakeoff.evaluation.estimates import estimate
from bakeoff.evaluation.results import Results, epochs
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.finding import Finding, State, builtins_of

GAP = 0.10
"""Training minus validation accuracy from which a network counts as overfitted: ten points, several times what sampling
a thousand images explains."""


class Overfit(msgspec.Struct, frozen=True):
    """One network.

    Attributes:
        gap: Mean training minus mean validation accuracy, a fraction, with its 95 % interval over seeds and images.
        turned: The epoch after which the validation loss rose, a mean over seeds; None where it still falls.
        lowest_epochs: By seed, the epoch of the lowest validation loss.
    """

    gap: Estimate
    turned: int | None
    lowest_epochs: list[int]


class OverfittingEvidence(msgspec.Struct, frozen=True):
    """The threshold, and each network that has trained runs."""

    gap_threshold: float
    networks: dict[str, Overfit]


@findings.register("overfitting")
def overfitting(results: Results) -> Finding:
    """Training minus validation accuracy, and the epoch where the validation loss turned."""
    networks = results.comparison.networks
    measured = {network.name: own for network in networks if (own := _measure(results, network))}
    state, verdict = _judge(measured)
    return Finding(
        code="overfitting",
        title="Overfitting",
        question="Do the networks memorise the training set?",
        state=state,
        verdict=verdict,
        limits="A gap is not harm by itself: validation accuracy can still rise while the gap opens.",
        evidence=builtins_of(OverfittingEvidence(GAP, measured)),
        weight=60,
    )


def _judge(measured: dict[str, Overfit]) -> tuple[State, str]:
    if not measured:
        return "not applicable", "No network trained whose training accuracy is known."
    gaps = {name: own.gap.interval for name, own in measured.items()}
    over = {name: own for name, own in measured.items() if (gap := gaps[name]) and gap.low > GAP}
    if over:
        parts = [f"{name} ({_points(own.gap)}, {_turn(own)})" for name, own in over.items()]
        return "found", f"Training accuracy is above validation accuracy in {', '.join(parts)}."
    if all(gap and gap.high < GAP for gap in gaps.values()):
        return "not found", (
            f"In no network is training accuracy more than {100 * GAP:.0f} points above validation accuracy."
        )
    unclear = [f"{name} ({_points(measured[name].gap)})" for name, gap in gaps.items() if not gap or gap.high >= GAP]
    return "undecided", (
        f"Whether training accuracy is more than {100 * GAP:.0f} points above validation accuracy is undecided in "
        f"{', '.join(unclear)}."
    )


def _points(gap: Estimate) -> str:
    interval = f", {100 * gap.interval.low:.0f} to {100 * gap.interval.high:.0f}" if gap.interval else ""
    return f"{100 * (gap.mean or 0):.0f} points{interval}"


def _turn(own: Overfit) -> str:
    if not own.lowest_epochs:
        return "validation loss is not known"
    return f"validation loss turns after epoch {own.turned}" if own.turned else "validation loss still falls"


def _measure(results: Results, network: VariantScores) -> Overfit | None:
    runs = [run for run in network.trained if run.train_accuracy is not None and run.val_accuracy is not None]
    if not runs or results.traits(network.name).ignores_input:
        return None
    correct = {run.seed: run.splits["val"].correct for run in results.predictions[network.name] if run.splits}
    table = np.array([(run.train_accuracy or 0.0) - correct[run.seed] for run in runs])
    lowest, last = [], []
    trained = {run.seed for run in runs}
    for run in results.by_network.get(network.name, ()):
        lines = [line for line in epochs(run) if line.val_loss is not None]
        if run.spec.seed in trained and lines:
            lowest.append(min(lines, key=lambda line: line.val_loss or 0.0).epoch)
            last.append(lines[-1].epoch)
    turned = round(mean(lowest)) if lowest and mean(lowest) < mean(last) else None
    gap = estimate(table, results.images[network.name].clusters, fraction=False)
    return Overfit(gap, turned, lowest)
