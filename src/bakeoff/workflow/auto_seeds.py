"""`training.seeds = "auto"`: seeds are added until the verdicts are in."""

import time
from collections.abc import Mapping, Sequence

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.progress import Monitor, silent
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.sequential import Look, beaten, looks, undecided
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.shared import predict_shared
from bakeoff.workflow.sweep import plan_sweep, sweep

SECONDS = 60.0


def sweep_until_decided(
    config: ExperimentConfig,
    experiment: Experiment,
    datasets: Mapping[str, Dataset],
    *,
    overwrite: bool = False,
    monitor: Monitor = silent,
) -> list[Run]:
    """Trains every variant with the first seeds, looks at the pairs, and goes on with those that need more.

    A variant is done when another one is better than it, or when each of its pairs is decided or can't be decided by
    more seeds. Runs that are there already are kept, so a command that is repeated goes on where it stopped.

    Args:
        config: Its `[training]` gives `max_seeds` and `minutes`.
        experiment: Gets the runs.
        datasets: By variant, what it is trained on.
        overwrite: Whether runs that were made with other settings are replaced.
        monitor: Told how far each look is.

    Returns:
        All runs, in the experiment's order.

    Raises:
        BakeoffError: As `sweep.plan_sweep`.
    """
    begun, training = time.monotonic(), config.training
    schedule = looks(training.max_seeds)
    active = {variant.name for variant in config.variant_list}
    for number, look in enumerate(schedule, start=1):
        chosen = [variant for variant in config.variant_list if variant.name in active]
        seeds = range(look.seeds or 0)
        plan = plan_sweep(experiment, chosen, config, datasets, seeds=seeds, overwrite=overwrite, monitor=monitor)
        sweep(plan, monitor)
        runs = experiment.stored_runs(config.variant_list)
        predict_shared(experiment, runs, datasets, monitor)
        active = _active(config, experiment, datasets, runs, schedule[:number])
        if not active or 0 < training.minutes * SECONDS <= time.monotonic() - begun:
            break
    return runs


def _active(
    config: ExperimentConfig,
    experiment: Experiment,
    datasets: Mapping[str, Dataset],
    runs: Sequence[Run],
    schedule: Sequence[Look],
) -> set[str]:
    """The variants that need more seeds."""
    margin = config.evaluation.margin_fraction
    others, shared = datasets.values(), experiment.read_shared
    found = compare(experiment.dataset, runs, others=others, shared=shared, margin=margin, looks=schedule).comparison
    tried = schedule[-1].seeds or 0
    return undecided(found.pairs, beaten(found.pairs), tried, config.training.max_seeds, margin)
