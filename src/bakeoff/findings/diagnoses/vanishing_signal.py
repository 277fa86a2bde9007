"""Does the deep network's gradient vanish?"""

from collections.abc import Sequence
from statistics import geometric_mean
from typing import Any

from bakeoff.core.registry import findings
from bakeoff.evaluation.intervals import points
from bakeoff.evaluation.results import Results, epochs, gain
from bakeoff.findings.finding import Finding, State
from bakeoff.training.run import Run

VANISHED = 1e-2
"""The share of the signal that must reach the last layer, compared with the strongest. With He's initialisation a
layer keeps it about the same (He et al., Delving Deep into Rectifiers, 2015, section 2.2); a hundredth is far from
that, and far from the tenth that a healthy shallow network may lose."""

FLOOR = 1e-30


@findings.register("vanishing-signal")
def vanishing_signal(results: Results) -> Finding:
    """Whether the signal and its gradient die on their way through a network before it is trained."""
    measured = {name: numbers for name, runs in results.by_network.items() if (numbers := _measure(runs))}
    dead = [name for name, numbers in measured.items() if numbers["signal"] < VANISHED]
    state: State
    if not measured:
        state, verdict = "not applicable", "No run got as far as a measurement."
    elif dead:
        state, verdict = "found", " ".join([_told(dead, measured), *_cures(results, dead, measured)])
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
        evidence={"threshold": VANISHED, "networks": measured},
        weight=80,
    )


def _measure(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Geometric means over seeds: the last layer's signal as a share of the strongest, and gradient norms.

    Layers on the way may have none and lose nothing: a residual branch that begins at zero leaves all to its shortcut.

    By layer and by epoch the numbers are those of the first run that measured any.
    """
    runs = [run for run in runs if epochs(run) and epochs(run)[0].gradient_norms]
    starts = [epochs(run)[0] for run in runs]
    if not starts:
        return None
    signals = [_positive(line.activation_scales.values()) for line in starts]
    norms = [_positive(line.gradient_norms.values()) for line in starts]
    history = epochs(runs[0])
    return {
        "signal": geometric_mean([values[-1] / max(values) for values in signals]),
        "first_gradient": geometric_mean([values[0] for values in norms]),
        "last_gradient": geometric_mean([values[-1] for values in norms]),
        "signal_by_layer": dict(starts[0].activation_scales),
        "first_gradient_by_epoch": [next(iter(line.gradient_norms.values())) for line in history],
        "last_gradient_by_epoch": [list(line.gradient_norms.values())[-1] for line in history],
    }


def _positive(values: Any) -> list[float]:
    return [max(value or 0.0, FLOOR) for value in values]


def _told(dead: list[str], measured: dict[str, Any]) -> str:
    parts = [
        f"{name} (a share of {measured[name]['signal']:.1e} reaches the last layer, and the first layer's gradient "
        f"is {measured[name]['first_gradient']:.1e})"
        for name in dead
    ]
    return f"Before training the signal dies in {', '.join(parts)}."


def _cures(results: Results, dead: list[str], measured: dict[str, Any]) -> list[str]:
    """How the networks that are named after a dead one, and keep the signal, compare with it."""
    told = []
    for name in dead:
        for cure in measured:
            pair = results.pair(name, cure)
            if cure.startswith(f"{name}-") and cure not in dead and pair and pair.difference is not None:
                keeps = f"{cure} keeps the signal ({measured[cure]['signal']:.2f})"
                told.append(f"{keeps} and gains {points(gain(pair, cure))} points: {_verdict(pair.verdict)}.")
    return told


def _verdict(verdict: str) -> str:
    return {"not applicable": "one seed, so not tested"}.get(
        verdict, verdict if "not" in verdict else "distinguishable"
    )
