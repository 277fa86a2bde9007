"""Does padding help?"""

import re

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results, gain
from bakeoff.evaluation.scores import PairScores
from bakeoff.findings.finding import Finding, State
from bakeoff.models.architecture import Architecture

PADDING = re.compile(r", padding [^,]+")
RELEVANT = 0.02
"""A difference of less than two points either way counts as none: published results of one recipe differ by more."""


@findings.register("padding")
def padding(results: Results) -> Finding:
    """Whether two networks that differ in padding alone differ in accuracy."""
    found = [(pair, padded) for pair in results.comparison.pairs if (padded := _padded(results, pair))]
    state, verdict = _judge(*found[0]) if found else ("not applicable", "No two networks differ in padding alone.")
    return Finding(
        code="padding",
        title="Padding",
        question="Does padding help?",
        state=state,
        verdict=verdict,
        limits="Padding also enlarges the maps that the linear layers see, and with them the number of parameters: the "
        "two are not told apart. It says nothing of other image sizes.",
        evidence={"pairs": [{"padded": padded, **_numbers(pair, padded)} for pair, padded in found]},
        weight=50,
    )


def _judge(pair: PairScores, padded: str) -> tuple[State, str]:
    if pair.interval is None:
        return "not applicable", f"{pair.statement}"
    if pair.verdict != "not distinguishable":
        helps = gain(pair, padded) > 0
        return "found", f"Padding {'helps' if helps else 'hurts'}: {pair.statement}"
    if max(abs(pair.interval.low), abs(pair.interval.high)) < RELEVANT:
        return "not found", f"Padding makes no difference that matters: {pair.statement}"
    return "undecided", f"Whether padding helps can't be told from noise: {pair.statement}"


def _numbers(pair: PairScores, padded: str) -> dict[str, object]:
    return {"first": pair.first, "second": pair.second, "gain": gain(pair, padded), "interval": pair.interval}


def _padded(results: Results, pair: PairScores) -> str | None:
    """Which of two networks has the padding that the other lacks, where nothing else differs."""
    shapes = [_without_padding(results.network(name).architecture) for name in (pair.first, pair.second)]
    if None in shapes or shapes[0] != shapes[1]:
        return None
    counts = {name: _paddings(results.network(name).architecture) for name in (pair.first, pair.second)}
    return max(counts, key=counts.__getitem__) if len(set(counts.values())) > 1 else None


def _without_padding(architecture: Architecture | None) -> list[str] | None:
    """The layers without their padding; of linear layers, whose input follows from the maps, only the outputs."""
    if architecture is None:
        return None
    return [
        f"{layer.kind} {layer.output}"
        if layer.receptive_field is None
        else f"{layer.kind} {PADDING.sub('', layer.settings)}"
        for layer in architecture.layers
        if layer.kind != "Flatten"
    ]


def _paddings(architecture: Architecture | None) -> int:
    return sum(bool(PADDING.search(layer.settings)) for layer in architecture.layers) if architecture else 0
