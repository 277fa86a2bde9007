"""How the gradient fares on its way through the networks."""

from bakeoff.records import EpochLog, Run
from bakeoff.registry import sections
from bakeoff.report import charts
from bakeoff.report.contents import Case, Figure, Section


@sections.register("30-gradients")
def gradients(case: Case) -> Section:
    """The gradient's norm in each layer of each network, before and after training."""
    first: dict[str, Run] = {}
    for run in case.runs:
        if any(isinstance(line, EpochLog) for line in run.log):
            first.setdefault(run.spec.network, run)
    figure = None
    if first:
        figure = Figure(
            "gradients",
            "L2 norm of the loss's gradient by the weight of each layer, over a fixed batch of training photos, for "
            "the first seed of each network.",
            charts.gradient_norms(list(first.values())),
        )
    return Section("Gradients by layer", "gradients.html", {"figure": figure})
