"""Did every run train at all?"""

from collections.abc import Iterator

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.failures import LOSS_MARGIN, FailureRate
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, ShortAnswer, State, builtins_of


class FailedTrainingEvidence(msgspec.Struct, frozen=True):
    """The margin of the loss in nats, how often each network fails, and the signs of it by run."""

    margin: float
    networks: dict[str, FailureRate]
    runs: dict[str, str]


@findings.register("failed-training")
def failed_training(results: Results) -> Finding:
    """Which networks fail to train in how many of their seeds, and which runs did not run."""
    networks = results.comparison.networks
    signs = {
        f"{network.name}-seed{run.seed}": run.reason
        for network in networks
        for run in network.runs
        if run.outcome != "trained"
    }
    known = any(network.failures.runs for network in networks) and bool(results.runs)
    state: State = "found" if signs else "not found" if known else "not applicable"
    answer = None
    if signs:
        verdict = " ".join(_verdicts(results))
        answer = ShortAnswer("failed", f"{'; '.join(_in_short(results))}.")
    elif known:
        verdict = "Every run trained: none diverged or stayed at chance level."
        answer = ShortAnswer("yes", f"All {sum(len(network.runs) for network in networks)}.")
    else:
        verdict = "Not known: these predictions have no record of their training."
    return Finding(
        code="failed-training",
        title="Failed training",
        question="Did every run train?",
        state=state,
        verdict=verdict,
        limits="Judged by the loss and the accuracy on the training photos alone. A run can learn little without "
        "failing by these signs; more epochs may rescue a failed one. With few seeds the rate of failures is known "
        "only roughly.",
        evidence=builtins_of(FailedTrainingEvidence(LOSS_MARGIN, {own.name: own.failures for own in networks}, signs)),
        weight=85,
        answer=answer,
    )


def _verdicts(results: Results) -> Iterator[str]:
    rates = {network.name: network.failures for network in results.comparison.networks}
    if failed := [f"{name} {describe(rate)}" for name, rate in rates.items() if rate.failed]:
        yield f"Did not learn: {', '.join(failed)}. Accuracies are of the seeds that trained."
    if aborted := [f"{name} ({_first_reason(results, name)})" for name, rate in rates.items() if rate.did_not_run]:
        yield f"Did not run: {', '.join(aborted)}; that says nothing of the networks."


def _in_short(results: Results) -> Iterator[str]:
    for network in results.comparison.networks:
        rate = network.failures
        if rate.failed:
            yield f"{network.name} did not learn in {rate.failed} of {rate.runs} seeds"
        if rate.did_not_run:
            yield f"{network.name} did not run in {_first_reason(results, network.name)}"


def describe(rate: FailureRate) -> str:
    """How often a network fails, with the exact interval: "in 1 of 5 seeds (95 % interval 1 to 72 %)"."""
    low, high = 100 * rate.interval.low, 100 * rate.interval.high
    return f"in {rate.failed} of {rate.runs} seeds (95 % interval {low:.0f} to {high:.0f} %)"


def _first_reason(results: Results, name: str) -> str:
    runs = [run for run in results.network(name).runs if run.outcome == "did not run"]
    return f"{len(runs)} of {len(results.network(name).runs)} runs: {runs[0].reason.rstrip('.')}"
