"""Which network is best?"""

from collections.abc import Iterator

import msgspec

from bakeoff.core.registry import findings
from bakeoff.core.types import Estimate
from bakeoff.evaluation.budget import beyond_budget, statement
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import PairScores, VariantScores
from bakeoff.evaluation.sequential import beaten
from bakeoff.findings.finding import Finding, Mark, ShortAnswer, State, builtins_of

Scored = list[VariantScores]


class BestNetworkEvidence(msgspec.Struct, frozen=True):
    """Networks that no other is better than, those that one is, and mean validation accuracies by network.

    All of those within the budget; the others, and what they exceed it by.
    """

    best: list[str]
    beaten: list[str]
    accuracy: dict[str, Estimate]
    beyond_budget: dict[str, str]


@findings.register("best-network")
def best_network(results: Results) -> Finding:
    """The networks that no other is better than, what they are to each other, and which is the smallest."""
    done = [network for network in results.comparison.networks if network.val_accuracy.mean is not None]
    out = beyond_budget(done, results.budget, results.latencies)
    scored = [network for network in done if network.name not in out]
    worse = beaten([pair for pair in results.comparison.pairs if not {pair.first, pair.second} & set(out)])
    best = [network for network in scored if network.name not in worse]
    state, verdict = _judge(results, scored, best) if scored or not out else ("not found", "")
    if out and len(scored) == 1:
        state, verdict = "found", f"{scored[0].name} is the only network that trained within the budget."
    verdict = f"{verdict} {statement(done, results.budget, results.latencies)}".strip()
    evidence = BestNetworkEvidence(
        [network.name for network in best],
        sorted(worse),
        {network.name: network.val_accuracy for network in scored},
        out,
    )
    answer = ShortAnswer(_mark(results, state, scored, best), verdict)
    return Finding(
        code="best-network",
        title="Best network",
        question="Is one network best?",
        state=state,
        verdict=verdict,
        limits="Best on these photos with this recipe. A recipe suits some networks better than others. Undecided is "
        "not equal: more seeds or photos may decide it.",
        evidence=builtins_of(evidence),
        weight=90,
        answer=answer if len(results.comparison.networks) > 1 else None,
    )


def _mark(results: Results, state: State, scored: Scored, best: Scored) -> Mark:
    """That networks are equivalent, or each worse than some other, is decided, too; a budget may leave none."""
    if not scored:
        return "no" if state == "not found" else "failed"
    if state == "undecided" and (not best or _verdicts(results, best) == {"equivalent"}):
        return "no"
    return "yes" if state == "found" else "undecided"


def _judge(results: Results, scored: Scored, best: Scored) -> tuple[State, str]:
    if len(scored) < 2:
        return "not applicable", "Fewer than two networks trained."
    if all(pair.verdict == "not applicable" for pair in results.comparison.pairs):
        return "not applicable", "One seed per network does not separate networks: another seed may reverse the order."
    if not best:  # differences are not transitive where they are estimates
        return "undecided", "No single best: each network is worse than some other one."
    unsteady = " ".join(_unsteady(results, scored))
    for network in best:
        pairs = [results.pair(network.name, other.name) for other in scored if other is not network]
        if all(pair and _better(pair) == network.name for pair in pairs):
            return "found", f"{network.name} is better than every other network. {unsteady}".strip()
    if len(best) == 1:  # it is not better than all that another one is better than
        rest = [
            other
            for other in scored
            if other is not best[0] and _verdict(results, best[0], other) not in ("first better", "second better")
        ]
        best = [*best, *rest]
    return "undecided", f"{_several(results, best, len(scored) - len(best))} {unsteady}".strip()


def _better(pair: PairScores) -> str:
    return {"first better": pair.first, "second better": pair.second}.get(pair.verdict, "")


def _verdict(results: Results, first: VariantScores, second: VariantScores) -> str:
    pair = results.pair(first.name, second.name)
    return pair.verdict if pair else "not applicable"


def _verdicts(results: Results, networks: Scored) -> set[str]:
    """The verdicts on all pairs of these."""
    return {_verdict(results, one, two) for number, one in enumerate(networks) for two in networks[number + 1 :]}


def _several(results: Results, best: Scored, worse: int) -> str:
    """What separates the best apart from their accuracy: size and time of those that trained in every seed."""
    names = ", ".join(network.name for network in best)
    margin = f"{100 * results.comparison.margin:g}"
    if _verdicts(results, best) == {"equivalent"}:
        head = f"No single best: {names} are equivalent within {margin} point{'s' if margin != '1' else ''}"
    else:
        head = f"No single best: which of {names} is better is undecided"
    others = (
        "the other is worse than some network"
        if worse == 1
        else f"each of the {worse} others is worse than some network"
    )
    head += f"; {others}." if worse else "."
    steady = [own for own in best if not own.failures.failed and not results.traits(own.name).ignores_input]
    sized = [network for network in steady if network.architecture]
    if not sized:
        return head
    small = min(sized, key=lambda network: network.architecture.parameters if network.architecture else 0)
    fast = min(sized, key=lambda network: network.seconds or 0.0)
    whose = "of those that trained in every seed" if len(steady) < len(best) else "of them"
    if small is fast:
        return f"{head} {small.name} is the smallest and fastest {whose}."
    return f"{head} {small.name} is the smallest {whose}, {fast.name} the fastest to train."


def _unsteady(results: Results, scored: Scored) -> Iterator[str]:
    """A line for each network that fails in some seeds: how well it does where it trains."""
    for network in scored:
        rate = network.failures
        if rate.failed:
            trained = rate.runs - rate.failed
            accuracy = f"{100 * (network.val_accuracy.mean or 0):.1f} %"
            relations = _relations(results, network)
            yield f"{network.name} trains in {trained} of {rate.runs} seeds, then with {accuracy}{relations}."


def _relations(results: Results, network: VariantScores) -> str:
    """What is decided of a network against others."""
    words: dict[str, list[str]] = {"better than": [], "worse than": [], "equivalent to": []}
    for pair in results.comparison.pairs:
        if network.name in (pair.first, pair.second):
            other = pair.second if pair.first == network.name else pair.first
            better = _better(pair)
            if better:
                words["better than" if better == network.name else "worse than"].append(other)
            elif pair.verdict == "equivalent":
                words["equivalent to"].append(other)
    return "".join(f", {how} {', '.join(names)}" for how, names in words.items() if names)
