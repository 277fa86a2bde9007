"""Which networks are within the budget of parameters and latency that `[evaluation]` sets."""

from collections.abc import Iterator, Sequence

from bakeoff.config.schema import EvaluationConfig
from bakeoff.evaluation.latency import Latencies, Latency, one_photo
from bakeoff.evaluation.scores import VariantScores


def beyond_budget(
    networks: Sequence[VariantScores], budget: EvaluationConfig, latencies: Latencies | None
) -> dict[str, str]:
    """The networks that exceed the budget, or of which that is not known, and by what.

    Args:
        networks: Any.
        budget: The limits; the median latency for one photo counts.
        latencies: None where none was measured.
    """
    reasons = {own.name: ", ".join(_excesses(own, budget, one_photo(latencies, own.name))) for own in networks}
    return {name: reason for name, reason in reasons.items() if reason}


def _excesses(network: VariantScores, budget: EvaluationConfig, latency: Latency | None) -> Iterator[str]:
    parameters = network.architecture.parameters if network.architecture else None
    if 0 < budget.max_parameters < (parameters or 0):
        yield f"{parameters:,} parameters"
    if budget.max_parameters and parameters is None:
        yield "parameters not known"
    if budget.max_latency_ms and latency is None:
        yield "latency not measured"
    if latency and 0 < budget.max_latency_ms < latency.median:
        yield f"{latency.median:.3g} ms"


def statement(networks: Sequence[VariantScores], budget: EvaluationConfig, latencies: Latencies | None) -> str:
    """The budget, which networks were left out and why, and which are near its limit; empty without a budget."""
    limits = [f"at most {budget.max_latency_ms:g} ms for one photo"] if budget.max_latency_ms else []
    limits += [f"at most {budget.max_parameters:,} parameters"] if budget.max_parameters else []
    if not limits:
        return ""
    asked, out = " and ".join(limits), beyond_budget(networks, budget, latencies)
    named = "; ".join(f"{name} ({reason})" for name, reason in out.items())
    near = ", ".join(_near(networks, budget.max_latency_ms, latencies))
    end = f" Another measurement may decide otherwise about {near}: the limit is within its spread." if near else ""
    if not out:
        return f"All networks are within the budget of {asked}.{end}"
    if len(out) == len(networks):
        return f"No network is within the budget of {asked}: {named}.{end}"
    return f"The budget is {asked}; left out: {named}.{end}"


def _near(networks: Sequence[VariantScores], limit: float, latencies: Latencies | None) -> Iterator[str]:
    for network in networks:
        latency = one_photo(latencies, network.name)
        if latency and latency.quartiles.low < limit < latency.quartiles.high:
            yield network.name
