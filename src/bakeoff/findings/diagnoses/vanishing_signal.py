"""Does the deep network's gradient vanish?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from statistics import geometric_mean

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.results import Results, epochs, gain
from bakeoff.evaluation.scores import Verdict
from bakeoff.findings.finding import Finding, State, builtins_of
from bakeoff.training.run import Run

VANISHED = 1e-2
"""The fraction of the signal that must reach the last layer, compared with the strongest. With He's initialisation a
layer keeps it about the same (He et al., Delving Deep into Rectifiers, 2015, section 2.2); a hundredth is far from
that, and far from the tenth that a healthy shallow network may lose."""

SMALLEST = 1e-30


class Signal(msgspec.Struct, frozen=True):
    """One network: geometric means over seeds; by layer and by epoch the numbers of the first run that has any.

    Attributes:
        signal: Of the last layer, as a fraction of the strongest layer's.
        first_gradient: Norm of the loss's gradient by the first layer's weight.
        last_gradient: The same of the last layer.
        signal_by_layer: Activation scales before training.
        first_gradient_by_epoch: From before training on.
        last_gradient_by_epoch: The same of the last layer.
    """

    signal: float
    first_gradient: float
    last_gradient: float
    signal_by_layer: dict[str, float | None]
    first_gradient_by_epoch: list[float | None]
    last_gradient_by_epoch: list[float | None]


class VanishingSignalEvidence(msgspec.Struct, frozen=True):
    """The threshold, and each network that was measured."""

    threshold: float
    networks: dict[str, Signal]


@findings.register("vanishing-signal")
def vanishing_signal(results: Results) -> Finding:
    """Whether the signal and its gradient die on their way through a network before it is trained."""
    measured = {name: own for name, runs in results.by_network.items() if (own := _measure(runs))}
    dead = {name: own for name, own in measured.items() if own.signal < VANISHED}
    state: State
    if not measured:
        state, verdict = "not applicable", "No run got as far as a measurement."
    elif dead:
        state, verdict = "found", " ".join([_describe(dead), *_remedies(results, dead, measured)])
    else:
        state, verdict = "not found", "In every network the signal reaches the last layer at initialisation."
    return Finding(
        code="vanishing-signal",
        title="Vanishing signal",
        question="Does the deep network's gradient vanish?",
        state=state,
        verdict=verdict,
        limits="Measured on one batch of training photos. A network can recover from a weak signal with a lucky seed, "
        "and fail for other reasons with a strong one.",
        evidence=builtins_of(VanishingSignalEvidence(VANISHED, measured)),
        weight=80,
    )


def _measure(runs: Sequence[Run]) -> Signal | None:
    """None where no run got so far.

    Layers on the way may have no signal and lose none: a residual branch that begins at zero leaves all to its skip.
    """
    runs = [run for run in runs if epochs(run) and epochs(run)[0].gradient_norms]
    starts = [epochs(run)[0] for run in runs]
    if not starts:
        return None
    signals = [_positive(line.activation_scales.values()) for line in starts]
    norms = [_positive(line.gradient_norms.values()) for line in starts]
    history = epochs(runs[0])
    return Signal(
        signal=geometric_mean([values[-1] / max(values) for values in signals]),
        first_gradient=geometric_mean([values[0] for values in norms]),
        last_gradient=geometric_mean([values[-1] for values in norms]),
        signal_by_layer=dict(starts[0].activation_scales),
        first_gradient_by_epoch=[next(iter(line.gradient_norms.values())) for line in history],
        last_gradient_by_epoch=[list(line.gradient_norms.values())[-1] for line in history],
    )


def _positive(values: Iterable[float | None]) -> list[float]:
    return [max(value or 0.0, SMALLEST) for value in values]


def _describe(dead: Mapping[str, Signal]) -> str:
    parts = [
        f"{name} (a fraction of {own.signal:.1e} reaches the last layer, and the first layer's gradient is "
        f"{own.first_gradient:.1e})"
        for name, own in dead.items()
    ]
    return f"Before training the signal dies in {', '.join(parts)}."


def _remedies(results: Results, dead: Mapping[str, Signal], measured: Mapping[str, Signal]) -> Iterator[str]:
    """How the networks that are a remedy for a dead one, and keep the signal, compare with it."""
    for name, other in product(dead, measured):
        network, pair = results.by_network[name][0].spec.network, results.pair(name, other)
        remedies = results.traits(other).remedies_for
        if network in remedies and other not in dead and pair and pair.difference is not None:
            keeps = f"{other} keeps the signal ({measured[other].signal:.2f})"
            yield f"{keeps} and gains {points(gain(pair, other))} points: {_in_words(pair.verdict)}."


def _in_words(verdict: Verdict) -> str:
    if verdict == "not applicable":
        return "one seed, so not tested"
    return verdict if verdict == "not distinguishable" else "distinguishable"
