"""Which network is best?"""

from bakeoff.diagnosis.case import Case
from bakeoff.diagnosis.failures import failures
from bakeoff.records import Finding, NetworkScores, State
from bakeoff.registry import findings


@findings.register("best-network")
def best_network(case: Case) -> Finding:
    """The networks that no other is distinguishably better than, the smallest and the fastest of them."""
    scored = [network for network in case.comparison.networks if network.val_accuracy.mean is not None]
    beaten = {
        pair.first if pair.verdict == "second better" else pair.second
        for pair in case.comparison.pairs
        if pair.verdict in ("second better", "first better")
    }
    best = [network for network in scored if network.name not in beaten]
    state, verdict = _judge(case, scored, best)
    return Finding(
        code="best-network",
        title="Best network",
        question="Which network is best?",
        state=state,
        verdict=verdict,
        limits="Best on these photos with this recipe. A recipe suits some networks better than others, and what is "
        "not distinguishable here may be with more seeds or photos.",
        evidence={
            "best": [network.name for network in best],
            "beaten": sorted(beaten),
            "accuracy": {network.name: network.val_accuracy for network in scored},
        },
        weight=90,
    )


def _judge(case: Case, scored: list[NetworkScores], best: list[NetworkScores]) -> tuple[State, str]:
    if len(scored) < 2:
        return "not applicable", "Fewer than two networks finished a run."
    if all(pair.verdict == "not applicable" for pair in case.comparison.pairs):
        return "not applicable", "One seed a network does not tell networks apart: another seed may turn the order."
    if len(best) == 1:
        return "found", f"{best[0].name} is better than every other network."
    names = ", ".join(network.name for network in best)
    failed = failures(case)
    sound = [
        network for network in best if not any(run.name in failed for run in case.by_network[network.name])
    ] or best
    whose = "of them" if sound == best else "of those that failed in no run"
    small = min(sound, key=lambda network: network.architecture.parameters if network.architecture else 0)
    fast = min(sound, key=lambda network: network.seconds or 0.0)
    which = (
        f"{small.name} is the smallest and fastest {whose}"
        if small is fast
        else f"{small.name} is the smallest {whose} and {fast.name} the fastest to train"
    )
    worse = len(scored) - len(best)
    return "undecided", (
        f"No single best: {names} are not distinguishable{f', and {worse} others are worse' if worse else ''}; {which}."
    )
