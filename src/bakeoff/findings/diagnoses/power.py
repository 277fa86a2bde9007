"""What could this experiment have seen?"""

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.power import Power
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, ShortAnswer, State, builtins_of

UNTESTED = "No two networks trained with two seeds in common, so that no difference was tested."
COARSE = 0.05
"""An experiment that can only detect differences of five points and more misses those of published results."""


class PowerEvidence(msgspec.Struct, frozen=True):
    """What it could have told apart, and the difference, a fraction, from which on it counts as coarse."""

    power: Power | None
    coarse: float


@findings.register("power")
def power(results: Results) -> Finding:
    """The smallest true difference of two networks that this experiment would have called better."""
    found = results.comparison.power
    state: State
    if not found:
        state, verdict = "not applicable", UNTESTED
    elif found.detectable is None:
        state, verdict = "found", "This experiment is too small to call any difference better in four of five cases."
    else:
        state = "found" if found.detectable > COARSE else "not found"
        verdict = (
            f"Four of five such experiments, with {found.seeds} seeds and {found.images:,} photos, would call a true "
            f"difference of {100 * found.detectable:.1f} points better; smaller ones are missed more often."
        )
    return Finding(
        code="power",
        title="Power",
        question="Was the experiment large enough?",
        state=state,
        verdict=verdict,
        limits="For a typical pair, by the variance of all pairs taken together, at the level at which Holm's "
        "correction begins. The variance is an estimate, and a rough one with few seeds.",
        evidence=builtins_of(PowerEvidence(found, COARSE)),
        weight=20,
        answer=_answer(found),
    )


def _answer(found: Power | None) -> ShortAnswer:
    """What to do next is a part of it."""
    if not found:
        return ShortAnswer("no", UNTESTED)
    if found.detectable is None:
        return ShortAnswer("no", "Not for any difference; more seeds or photos see some.")
    smallest = f"a difference of {100 * found.detectable:.1f} points"
    text = f"Four of five such experiments see {smallest}; more seeds or photos see smaller ones."
    return ShortAnswer("no" if found.detectable > COARSE else "yes", text)
