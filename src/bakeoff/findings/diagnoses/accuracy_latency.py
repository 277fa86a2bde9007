"""Which networks are worth their time?"""

from collections.abc import Mapping, Sequence

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.frontier import Frontier, Position, decided, frontier, positions
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, State, builtins_of


class AccuracyLatencyEvidence(msgspec.Struct, frozen=True):
    """Median milliseconds for one photo by network, and the frontier as `frontier.Frontier` has it."""

    milliseconds: Mapping[str, float]
    on: Sequence[str]
    certain: Sequence[str]
    excluded: Mapping[str, str]


@findings.register("accuracy-latency")
def accuracy_latency(results: Results) -> Finding:
    """The frontier of accuracy against latency: by the point estimates, and as far as it is decided."""
    places = positions(results.comparison, results.latencies)
    found = frontier(places, decided(results.comparison.pairs))
    state, verdict = _judge(results, places, found)
    milliseconds = {place.name: place.latency.median for place in places}
    return Finding(
        code="accuracy-latency",
        title="Accuracy against latency",
        question="Which networks are worth their time?",
        state=state,
        verdict=verdict,
        limits="Latency is that of one photo on one machine, without reading and decoding it; on another machine the "
        "order may be another.",
        evidence=builtins_of(AccuracyLatencyEvidence(milliseconds, *found)),
        weight=60,
    )


def _judge(results: Results, places: Sequence[Position], found: Frontier) -> tuple[State, str]:
    if not results.latencies:
        return "not applicable", "Latency was not measured; evaluation.latency = true does."
    if len(places) < 2:
        return "not applicable", "Fewer than two networks have an accuracy and a latency."
    by_name = {place.name: place for place in places}
    unsure = [name for name in by_name if name not in found.certain and name not in found.excluded]
    parts = [
        "On the frontier of accuracy against latency, by the estimates: "
        f"{', '.join(_shown(by_name[name]) for name in found.on)}."
    ]
    others, shaky = ([name for name in unsure if (name in found.on) == on_it] for on_it in (False, True))
    questions = [f"whether it also holds {' and '.join(others)}"] if others else []
    questions += [f"whether it keeps {' and '.join(shaky)}"] if shaky else []
    if questions:
        parts.append(f"Seeds, photos and the spread of latency leave open {', and '.join(questions)}.")
    if found.excluded:
        named = ", ".join(f"{name} ({by} is better and no slower)" for name, by in found.excluded.items())
        parts.append(f"Not on it: {named}.")
    return "undecided" if unsure else "found", " ".join(parts)


def _shown(place: Position) -> str:
    return f"{place.name} ({place.latency.median:.3g} ms, {100 * place.accuracy:.1f} %)"
