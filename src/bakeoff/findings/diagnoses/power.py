"""What could this experiment have seen?"""

import msgspec

from bakeoff.core.registry import findings
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, State, builtins_of

COARSE = 0.05
"""An experiment that can only detect differences of five points and more misses those of published results."""


class PowerEvidence(msgspec.Struct, frozen=True):
    """By pair the smallest true difference that would be separated, a fraction; and the threshold."""

    detectable: dict[str, float]
    coarse: float


@findings.register("power")
def power(results: Results) -> Finding:
    """The smallest true difference of two networks that this experiment would have separated."""
    detectable = {
        f"{pair.first} – {pair.second}": pair.detectable
        for pair in results.comparison.pairs
        if pair.detectable is not None
    }
    if detectable:
        low, high = min(detectable.values()), max(detectable.values())
        state: State = "found" if low > COARSE else "not found"
        steadiest = f" in its steadiest pair, and from {100 * high:.1f} in its least steady one" if high > low else ""
        verdict = (
            f"With 80 % power this experiment separates true differences from {100 * low:.1f} points on{steadiest}; "
            "smaller ones it misses more often than one time in five."
        )
    else:
        state, verdict = "not applicable", "One seed per network: what another seed would change can't be estimated."
    return Finding(
        code="power",
        title="Power",
        question="What is the smallest difference that this experiment could have seen?",
        state=state,
        verdict=verdict,
        limits="For one pair alone; the correction over all pairs makes it somewhat larger. The variance is "
        "an estimate, and a rough one with few seeds.",
        evidence=builtins_of(PowerEvidence(detectable, COARSE)),
        weight=20,
    )
