"""Does padding help?"""

import re

import msgspec

from bakeoff.core.registry import findings
from bakeoff.core.types import Interval
from bakeoff.evaluation.results import Results, gain
from bakeoff.evaluation.scores import PairScores
from bakeoff.findings.finding import Finding, State, builtins_of
from bakeoff.models.architecture import Architecture

PADDING = re.compile(r", padding [^,]+")
RELEVANT = 0.02
"""A difference of less than two points either way counts as none: published results of one recipe differ by more."""


class PaddedPair(msgspec.Struct, frozen=True):
    """Two networks that differ in padding alone, and what the padded one gains, a fraction."""

    padded: str
    first: str
    second: str
    gain: float
    interval: Interval | None


class PaddingEvidence(msgspec.Struct, frozen=True):
    """All such pairs."""

    pairs: list[PaddedPair]


@findings.register("padding")
def padding(results: Results) -> Finding:
    """Whether two networks that differ in padding alone differ in accuracy."""
    found = [(pair, padded) for pair in results.comparison.pairs if (padded := _padded(results, pair))]
    state, verdict = _judge(*found[0]) if found else ("not applicable", "No two networks differ in padding alone.")
    pairs = [PaddedPair(padded, own.first, own.second, gain(own, padded), own.interval) for own, padded in found]
    return Finding(
        code="padding",
        title="Padding",
        question="Does padding help?",
        state=state,
        verdict=verdict,
        limits="Padding also enlarges the maps that the linear layers see, and with them the number of parameters: the "
        "two effects are not separated. It says nothing of other image sizes.",
        evidence=builtins_of(PaddingEvidence(pairs)),
        weight=50,
    )


def _judge(pair: PairScores, padded: str) -> tuple[State, str]:
    if pair.interval is None:
        return "not applicable", pair.statement
    if pair.verdict != "not distinguishable":
        return "found", f"Padding {'helps' if gain(pair, padded) > 0 else 'hurts'}: {pair.statement}"
    if max(abs(pair.interval.low), abs(pair.interval.high)) < RELEVANT:
        return "not found", f"Padding makes no difference that matters: {pair.statement}"
    return "undecided", f"Whether padding helps can't be distinguished from noise: {pair.statement}"


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
