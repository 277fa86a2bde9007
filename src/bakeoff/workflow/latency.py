"""The latency of each variant, measured once after the training and stored beside the results."""

import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bakeoff.config.experiment import Variant
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.storage import digest
from bakeoff.core.types import Environment
from bakeoff.evaluation.latency import Latencies, MeasuredNetwork, summarise
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.sweep import first_finished

APPLIED_BY = ("tta_scales", "tta_flip", "input_size", "normalize", "pretrained")
"""The keys of a recipe that decide what a trained network computes."""


def measure_latency(
    experiment: Experiment, variants: Sequence[Variant], runs: Sequence[Run], monitor: Monitor = silent
) -> None:
    """Measures on the CPU, in this process, and writes `latency.json`; kept where it is of these runs already.

    Args:
        experiment: Gets the record.
        variants: What builds the networks of the runs.
        runs: Of each variant the first that finished is measured.
        monitor: Told of "latency".
    """
    first = first_finished(variants, runs)
    digests = {name: digest(run.spec) for name, run in first.items()}
    stored = experiment.latencies
    if first and not (stored and stored.runs == digests):
        experiment.store(_measure(first, digests, monitor))


def _measure(first: Mapping[str, Run], digests: Mapping[str, str], monitor: Monitor) -> Latencies:
    from bakeoff.training.latency import BATCH, THREADS, measure

    groups: dict[object, list[str]] = {}
    for name, run in first.items():
        groups.setdefault(_computed(run), []).append(name)
    found = measure([first[names[0]] for names in groups.values()], monitor("latency"))
    return Latencies(
        networks=tuple(
            MeasuredNetwork(tuple(names), summarise(one), summarise(batch))
            for names, one, batch in zip(groups.values(), found.one, found.batch, strict=True)
        ),
        runs=digests,
        library=found.library,
        reason=found.reason,
        threads=THREADS,
        batch_size=BATCH,
        rounds=len(found.one[0]),
        processor=_processor(),
        environment=Environment.current(),
    )


def _computed(run: Run) -> tuple[object, ...]:
    """What decides what a run's network computes for a photo: the same for variants that differ in training alone."""
    spec = run.spec
    own = (getattr(spec.recipe, key) for key in APPLIED_BY)
    return (spec.network, spec.network_digest, spec.size, run.record.pretrained, *own)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor()
