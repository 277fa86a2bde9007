"""Does the deep network's gradient vanish?"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from statistics import median

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.results import Results, epochs, gain
from bakeoff.evaluation.scores import PairScores
from bakeoff.findings.finding import Finding, ShortAnswer, State, builtins_of
from bakeoff.training.run import EpochLog, Run

VANISHED = 1e-2
"""The fraction of the last layer's gradient that must reach the first, each relative to its weights. It is about one in
the homework's shallow networks and in those with a remedy (0.4 to 11), and 1e-4 to 1e-3 in net3 and net3-tied."""

EXPLODED = 1e3
"""A relative gradient above this explodes: changing a layer's weights by a thousandth changes the loss by a nat."""

SMALLEST = 1e-30


class Signal(msgspec.Struct, frozen=True):
    """One network before training: medians over seeds.

    A layer's relative gradient is the norm of the loss's gradient by its weights times the norm of the weights: by how
    much the loss changes when the weights change by a fraction of themselves. Unlike the gradient alone it does not
    depend on the scale of a layer that a normalisation follows, nor on how small the last layer's weights are.

    Attributes:
        ratio: The first layer's relative gradient divided by the last one's.
        largest: The largest relative gradient of any layer; None where it is not finite.
        first: The first layer's relative gradient.
        first_gradient: Norm of the loss's gradient by the first layer's weights.
        signal: How much of the signal reaches the last layer: its activations' scale as a fraction of the largest.
    """

    ratio: float
    largest: float | None
    first: float
    first_gradient: float
    signal: float


class VanishingSignalEvidence(msgspec.Struct, frozen=True):
    """The thresholds, and each network that was measured."""

    vanished: float
    exploded: float
    networks: dict[str, Signal]


@findings.register("vanishing-signal")
def vanishing_signal(results: Results) -> Finding:
    """Whether the gradient dies, or explodes, on its way from the last layer to the first before training."""
    measured = {name: own for name, runs in results.by_network.items() if (own := _measure(runs))}
    wild = {name: own for name, own in measured.items() if own.largest is None or own.largest > EXPLODED}
    dead = {name: own for name, own in measured.items() if name not in wild and own.ratio < VANISHED}
    state: State
    if not measured:
        state, verdict = "not applicable", "Not known: no run of several layers got as far as a measurement."
    elif dead or wild:
        state = "found"
        verdict = " ".join([*_describe(dead), *_describe_wild(wild), *_remedies(results, dead, measured)])
    else:
        state, verdict = "not found", "In every network the gradient reaches the first layer at initialisation."
    return Finding(
        code="vanishing-signal",
        title="Vanishing gradient",
        question="Does the deep network's gradient vanish?",
        state=state,
        verdict=verdict,
        limits="Measured before training, on one batch of training photos. A network can recover from a weak gradient "
        "with a lucky seed, and fail for other reasons with a strong one.",
        evidence=builtins_of(VanishingSignalEvidence(VANISHED, EXPLODED, measured)),
        weight=80,
        answer=_answer(dead, wild, measured),
    )


def _answer(
    dead: Mapping[str, Signal], wild: Mapping[str, Signal], measured: Mapping[str, Signal]
) -> ShortAnswer | None:
    if not measured:
        return None
    if not dead and not wild:
        name, least = min(measured.items(), key=lambda own: own[1].ratio)
        return ShortAnswer("no", f"At least {least.ratio:.2g} of the last layer's gradient reaches the first ({name}).")
    parts = [f"{own.ratio:.1g} in {name}" for name, own in dead.items()]
    said = [f"Of the last layer's gradient this reaches the first: {', '.join(parts)}."] if parts else []
    said += [f"It explodes in {', '.join(wild)}."] if wild else []
    return ShortAnswer("yes" if dead else "no", " ".join(said))


def _measure(runs: Sequence[Run]) -> Signal | None:
    """None where no run got so far, the network has fewer than two layers, or the weights' norms are not stored."""
    starts = [epochs(run)[0] for run in runs if epochs(run)]
    starts = [line for line in starts if len(line.weight_norms) > 1]
    if not starts:
        return None
    relative = [_relative(line) for line in starts]
    finite = [own for own in relative if all(map(math.isfinite, own))]
    if len(finite) <= len(relative) / 2:
        return Signal(math.inf, None, math.inf, math.inf, math.inf)
    scales = [[abs(value or 0.0) for value in line.activation_scales.values()] for line in starts]
    return Signal(
        ratio=median(max(own[0], SMALLEST) / max(own[-1], SMALLEST) for own in finite),
        largest=median(max(own) for own in finite),
        first=median(own[0] for own in finite),
        first_gradient=median(next(iter(line.gradient_norms.values())) or 0.0 for line in starts),
        signal=median(own[-1] / max(*own, SMALLEST) for own in scales if own),
    )


def _relative(line: EpochLog) -> list[float]:
    """By layer, from input to output."""
    pairs = ((line.gradient_norms[name], norm) for name, norm in line.weight_norms.items())
    return [math.inf if gradient is None or norm is None else gradient * norm for gradient, norm in pairs]


def _describe(dead: Mapping[str, Signal]) -> Iterator[str]:
    parts = [
        f"{name} (relative to the weights, the first layer's gradient is {own.ratio:.1e} of the last one's)"
        for name, own in dead.items()
    ]
    if parts:
        yield f"Before training the gradient vanishes in {', '.join(parts)}."


def _describe_wild(wild: Mapping[str, Signal]) -> Iterator[str]:
    if wild:
        yield f"Before training the gradient explodes in {', '.join(wild)}."


def _remedies(results: Results, dead: Mapping[str, Signal], measured: Mapping[str, Signal]) -> Iterator[str]:
    """How the networks that are a remedy for a dead one, and keep the signal, compare with it."""
    for name, other in product(dead, measured):
        network, pair = results.by_network[name][0].spec.network, results.pair(name, other)
        remedies = results.traits(other).remedies_for
        if network in remedies and other not in dead and pair and pair.difference is not None:
            keeps = f"{other} keeps it ({measured[other].ratio:.1f})"
            yield f"{keeps} and gains {points(gain(pair, other))} points: {_in_words(pair, other)}."


def _in_words(pair: PairScores, other: str) -> str:
    if pair.verdict == "not applicable":
        return "one seed, so not tested"
    if pair.verdict in ("first better", "second better"):
        return "better" if gain(pair, other) > 0 else "worse"
    return pair.verdict
