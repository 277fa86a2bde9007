"""Which network is best?"""

import msgspec

from bakeoff.core.registry import findings
from bakeoff.core.types import Estimate
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import VariantScores
from bakeoff.findings.failures import failures
from bakeoff.findings.finding import Finding, State, builtins_of

Scored = list[VariantScores]
Wins = set[tuple[str, str]]
"""Pairs of names: the better network, and the one it is better than."""


class BestNetworkEvidence(msgspec.Struct, frozen=True):
    """Networks that no other is better than, those that one is, and mean validation accuracies by network."""

    best: list[str]
    beaten: list[str]
    accuracy: dict[str, Estimate]


@findings.register("best-network")
def best_network(results: Results) -> Finding:
    """The networks that no other is distinguishably better than, the smallest and the fastest of them."""
    scored = [network for network in results.comparison.networks if network.val_accuracy.mean is not None]
    wins = {
        (pair.first, pair.second) if pair.verdict == "first better" else (pair.second, pair.first)
        for pair in results.comparison.pairs
        if pair.verdict in ("second better", "first better")
    }
    beaten = {loser for _, loser in wins}
    best = [network for network in scored if network.name not in beaten]
    state, verdict = _judge(results, scored, best, wins)
    evidence = BestNetworkEvidence(
        [network.name for network in best],
        sorted(beaten),
        {network.name: network.val_accuracy for network in scored},
    )
    return Finding(
        code="best-network",
        title="Best network",
        question="Which network is best?",
        state=state,
        verdict=verdict,
        limits="Best on these photos with this recipe. A recipe suits some networks better than others, and what is "
        "not distinguishable here may be with more seeds or photos.",
        evidence=builtins_of(evidence),
        weight=90,
    )


def _judge(results: Results, scored: Scored, best: Scored, wins: Wins) -> tuple[State, str]:
    if len(scored) < 2:
        return "not applicable", "Fewer than two networks finished a run."
    if all(pair.verdict == "not applicable" for pair in results.comparison.pairs):
        return "not applicable", "One seed per network does not separate networks: another seed may reverse the order."
    if not best:  # differences are not transitive where they are estimates
        return "undecided", "No single best: each network is worse than some other one."
    failed = failures(results)
    sound = [network for network in scored if not any(run.name in failed for run in results.by_network[network.name])]
    for first in best:
        level = [other for other in scored if (first.name, other.name) not in wins]
        if level == [first]:
            return "found", f"{first.name} is better than every other network."
        if len(sound) > 1 and [other for other in level if other in sound] == [first]:
            return "found", (
                f"{first.name} is better than every other network that failed in no run; it is not distinguishable "
                f"from {', '.join(other.name for other in level if other is not first)}, which failed in some."
            )
    if len(best) == 1:
        best = level  # it is not better than all that another one is better than
    learned = [network for network in best if network in sound and not results.traits(network.name).ignores_input]
    return "undecided", _several(best, learned, len(scored) - len(best))


def _several(best: Scored, learned: Scored, worse: int) -> str:
    """What separates the best apart from their accuracy: size and time of those that learned in every run."""
    names = ", ".join(network.name for network in best)
    others = f", and {worse} other{'s are' if worse > 1 else ' is'} worse" if worse else ""
    head = f"No single best: {names} are not distinguishable{others}"
    if not learned:
        return f"{head}; none of them learned in every run."
    whose = "of those that learned in every run" if learned != best else "of them"
    small = min(learned, key=lambda network: network.architecture.parameters if network.architecture else 0)
    fast = min(learned, key=lambda network: network.seconds or 0.0)
    if small is fast:
        return f"{head}; {small.name} is the smallest and fastest {whose}."
    return f"{head}; {small.name} is the smallest {whose} and {fast.name} the fastest to train."
