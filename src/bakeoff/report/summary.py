"""`report/summary.json`: the scores for other programs."""

import msgspec

from bakeoff.core.types import Estimate
from bakeoff.evaluation.explanations import Explanation, in_boxes
from bakeoff.evaluation.scores import ESTIMATES, NOTHING, RunScores, VariantScores
from bakeoff.report.contents import ReportInput

SCHEMA = 2


def summarise(case: ReportInput) -> dict[str, object]:
    """The comparison in the summary's schema; fractions are 0 to 1, intervals `[low, high]` or None."""
    comparison = case.comparison
    return {
        "schema": SCHEMA,
        "classes": list(comparison.classes),
        "dataset": {**comparison.counts, "digest": comparison.dataset},
        "networks": [_network(network) for network in comparison.networks],
        "margin": comparison.margin,
        "power": msgspec.to_builtins(comparison.power),
        "pairs": msgspec.to_builtins(comparison.pairs),
        "findings": msgspec.to_builtins(case.findings),
        "improvements": msgspec.to_builtins(case.improvements),
        "explanations": [_explanation(own) for own in (case.explanations.networks if case.explanations else ())],
        "latency": msgspec.to_builtins(case.latencies),
        "tuning": msgspec.to_builtins(case.tuning),
    }


def _network(network: VariantScores) -> dict[str, object]:
    architecture = network.architecture
    return {
        "name": network.name,
        "parameters": architecture.parameters if architecture else None,
        "macs": architecture.macs if architecture else None,
        "receptive_field": architecture.receptive_field if architecture else None,
        "weights_bytes": network.weights_bytes,
        "runs": [_run(run) for run in network.runs],
        **{name: _estimate(getattr(network, name)) for name in ESTIMATES},
        "calibration": msgspec.to_builtins(network.calibration),
        "classes": msgspec.to_builtins(network.classes),
        "failures": msgspec.to_builtins(network.failures),
        "variance": msgspec.to_builtins(network.variance),
    }


def _explanation(own: Explanation) -> dict[str, object]:
    """Whether a network is right for the right reason."""
    found = in_boxes(own)
    return {
        "network": own.variant,
        "seed": own.seed,
        "photos": found.images if found else 0,
        "saliency_in_boxes": _estimate(found.share if found else NOTHING),
        "area_of_boxes": found.area if found else None,
        "excess": _estimate(found.excess if found else NOTHING),
    }


def _run(run: RunScores) -> dict[str, object]:
    return {
        "seed": run.seed,
        "status": run.status,
        "outcome": run.outcome,
        "train_accuracy": run.train_accuracy,
        "val_accuracy": run.val_accuracy,
        "val_interval": msgspec.to_builtins(run.val_interval),
        "any_label_accuracy": run.any_label_accuracy,
        "test_accuracy": run.test_accuracy,
        "test_interval": msgspec.to_builtins(run.test_interval),
        "confusion": [list(row) for row in run.confusion],
        "annotated_too": [list(row) for row in run.annotated_too],
        "seconds": run.seconds,
    }


def _estimate(estimate: Estimate) -> dict[str, object]:
    return {"mean": estimate.mean, "interval": msgspec.to_builtins(estimate.interval)}
