"""Does padding help?"""

import re

import msgspec

from bakeoff.core.registry import findings
from bakeoff.core.types import Interval
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.results import Results, gain
from bakeoff.evaluation.scores import PairScores, Verdict
from bakeoff.findings.finding import Finding, Mark, ShortAnswer, State, builtins_of
from bakeoff.models.architecture import Architecture

PADDING = re.compile(r", padding [^,]+")


class PaddedPair(msgspec.Struct, frozen=True):
    """Two networks that differ in padding alone, what the padded one gains, a fraction, and the verdict on them."""

    padded: str
    first: str
    second: str
    gain: float
    interval: Interval | None
    verdict: Verdict


class PaddingEvidence(msgspec.Struct, frozen=True):
    """All such pairs, and those left out because a recipe or data of their own differ, too."""

    pairs: list[PaddedPair]
    left_out: list[str]


@findings.register("padding")
def padding(results: Results) -> Finding:
    """Whether networks that differ in padding alone differ in accuracy."""
    found = [(pair, padded) for pair in results.comparison.pairs if (padded := _padded(results, pair))]
    fair = [(pair, padded) for pair, padded in found if _one_recipe(results, pair)]
    state, verdict = _judge(fair) if fair else ("not applicable", "No two networks differ in padding alone.")
    evidence = PaddingEvidence(
        [PaddedPair(name, own.first, own.second, gain(own, name), own.interval, own.verdict) for own, name in fair],
        [f"{pair.first} – {pair.second}" for pair, _ in found if not _one_recipe(results, pair)],
    )
    return Finding(
        code="padding",
        title="Padding",
        question="Does padding help?",
        state=state,
        verdict=verdict,
        limits="Padding also enlarges the maps that the linear layers see, and with them the number of parameters: the "
        "two effects are not separated. It says nothing of other image sizes. Only seeds that trained are compared.",
        evidence=builtins_of(evidence),
        weight=50,
        answer=_answer(fair, state),
    )


def _answer(pairs: list[tuple[PairScores, str]], state: State) -> ShortAnswer | None:
    """Padding that only hurts is no help, either."""
    said = [_in_short(pair, padded) for pair, padded in pairs if pair.difference is not None]
    if not said:
        return None
    helps = any(pair.verdict.endswith("better") and gain(pair, padded) > 0 for pair, padded in pairs)
    decided: Mark = "yes" if helps else "no"
    return ShortAnswer(decided if state in ("found", "not found") else "undecided", f"{'; '.join(said)}.")


def _in_short(pair: PairScores, padded: str) -> str:
    other, sign = (pair.first, 1) if padded == pair.second else (pair.second, -1)
    interval = " with one seed"
    if pair.interval:
        low, high = sorted((sign * pair.interval.low, sign * pair.interval.high))
        interval = f" ({points(low)} to {points(high)})"
    return f"{padded} over {other}: {points(gain(pair, padded))} points{interval}"


def _judge(pairs: list[tuple[PairScores, str]]) -> tuple[State, str]:
    said = " ".join(pair.statement for pair, _ in pairs)
    verdicts = {pair.verdict for pair, _ in pairs}
    helped = {gain(pair, padded) > 0 for pair, padded in pairs if pair.verdict in ("first better", "second better")}
    if helped == {True, False}:
        return "found", f"Padding helps some networks and hurts others: {said}"
    if helped:
        return "found", f"Padding {'helps' if True in helped else 'hurts'}: {said}"
    if verdicts == {"equivalent"}:
        return "not found", f"Padding makes no difference that matters: {said}"
    if verdicts == {"not applicable"}:
        return "not applicable", said
    return "undecided", f"Whether padding helps is undecided: {said}"


def _one_recipe(results: Results, pair: PairScores) -> bool:
    """Whether two networks were trained alike, on the same data."""
    specs = [results.by_network[name][0].spec for name in (pair.first, pair.second) if name in results.by_network]
    return len(specs) == 2 and (specs[0].recipe, specs[0].dataset) == (specs[1].recipe, specs[1].dataset)


def _padded(results: Results, pair: PairScores) -> str | None:
    """Which of two networks has the padding that the other lacks, where nothing else differs."""
    built = {name: results.network(name).architecture for name in (pair.first, pair.second)}
    layers = [_without_padding(own) for own in built.values() if own]
    if len(layers) < 2 or layers[0] != layers[1]:
        return None
    counts = {name: _paddings(own) for name, own in built.items() if own}
    return max(counts, key=counts.__getitem__) if len(set(counts.values())) > 1 else None


def _without_padding(architecture: Architecture) -> list[str]:
    """The layers without their padding; of linear layers, whose input follows from the maps, only the outputs."""
    return [
        f"{layer.kind} {layer.output}"
        if layer.receptive_field is None
        else f"{layer.kind} {PADDING.sub('', layer.settings)}"
        for layer in architecture.layers
        if layer.kind != "Flatten"
    ]


def _paddings(architecture: Architecture) -> int:
    return sum(bool(PADDING.search(layer.settings)) for layer in architecture.layers)
