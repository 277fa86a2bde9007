"""A sweep: variants × seeds. What is missing is trained, what is there is kept."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from bakeoff.config.experiment import Variant
from bakeoff.config.schema import TrainingConfig
from bakeoff.core.progress import Monitor, RunProgress, silent
from bakeoff.core.registry import executors
from bakeoff.core.storage import conflict
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run, RunSpec, load_run, save_failure
from bakeoff.workflow.executors.jobs import Failure, Job
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.kept import is_kept
from bakeoff.workflow.records import RunFiles


@dataclass(frozen=True)
class Plan:
    """What a sweep consists of.

    Attributes:
        experiment: Gets the runs.
        training: The executor, and what is recorded beside the runs.
        folders: By variant the folder of its data set.
        networks: By variant its network.
        specs: Of all runs, by variant, then seed.
        missing: Of the runs that are not there yet, or failed.
    """

    experiment: Experiment
    training: TrainingConfig
    folders: Mapping[str, Path]
    networks: Mapping[str, str]
    specs: Sequence[RunSpec]
    missing: Sequence[RunSpec]


def plan_sweep(
    experiment: Experiment,
    variants: Sequence[Variant],
    training: TrainingConfig,
    datasets: Mapping[str, Dataset],
    *,
    seeds: Sequence[int] | None = None,
    overwrite: bool = False,
    monitor: Monitor = silent,
) -> Plan:
    """Finds which runs of variants × seeds are there already.

    Args:
        experiment: Holds the runs.
        variants: What is trained.
        training: The seeds and the device.
        datasets: By variant, what it is trained on.
        seeds: Other seeds than those of `training`.
        overwrite: Whether runs that were made with other settings are replaced.
        monitor: Told which runs were altered.

    Raises:
        ConfigError: There is no such network or device.
        StorageError: A run is damaged, or was made with other settings and `overwrite` is not given.
    """
    from bakeoff.training.train import make_spec

    specs = [
        make_spec(variant, seed, training.device, datasets[variant.name].info)
        for variant in variants
        for seed in (training.seed_list if seeds is None else seeds)
    ]
    folders = {variant.name: datasets[variant.name].folder for variant in variants}
    missing = [spec for spec in specs if not _is_stored(experiment, spec, overwrite, monitor)]
    networks = {variant.name: variant.network for variant in variants}
    return Plan(experiment, training, folders, networks, specs, missing)


def sweep(plan: Plan, monitor: Monitor = silent) -> list[Run]:
    """Trains what is missing of a plan; a run that fails is recorded with its reason while the others go on.

    Args:
        plan: What is trained.
        monitor: Told of "runs", and of "runs/NAME" for each.

    Returns:
        All runs of the plan, in its order.
    """
    done, total = len(plan.specs) - len(plan.missing), len(plan.specs)
    report, report_run = monitor("runs"), cache(lambda name: monitor(f"runs/{name}"))
    report(done, total)
    missing = {spec.name: spec for spec in plan.missing}
    for group, workers in _groups(plan.missing, plan.training):
        for outcome in executors[plan.training.executor]([_job(spec, plan) for spec in group], workers, report_run):
            if isinstance(outcome.result, Failure):
                spec = missing[outcome.name]
                save_failure(_files(plan.experiment, spec).folder, spec, outcome.result.reason)
            done += 1
            report_run(outcome.name)(1, 1)
            report(done, total)
    for folder in {_files(plan.experiment, spec).checkpoint.parent for spec in plan.specs}:
        with suppress(OSError):  # it is not empty: a run that failed can be resumed
            folder.rmdir()
    return [load_run(_files(plan.experiment, spec).folder, plan.networks[spec.variant]) for spec in plan.specs]


def first_finished(variants: Sequence[Variant], runs: Sequence[Run]) -> dict[str, Run]:
    """By variant the first of its runs that finished, with what builds its network."""
    networks = {variant.name: variant.network for variant in variants}
    finished = (replace(run, network=networks[run.spec.variant]) for run in reversed(runs) if run.finished)
    found = {run.spec.variant: run for run in finished}
    return {name: found[name] for name in networks if name in found}


def _files(experiment: Experiment, spec: RunSpec) -> RunFiles:
    return experiment.run_files(spec.variant, spec.seed)


def _groups(missing: Sequence[RunSpec], training: TrainingConfig) -> Iterator[tuple[list[RunSpec], int]]:
    """The missing runs by the threads that each takes, and how many at once the machine carries: one on a GPU."""
    for threads in sorted({spec.recipe.threads for spec in missing}):
        group = [spec for spec in missing if spec.recipe.threads == threads]
        carried = max(1, (os.cpu_count() or 1) // threads) if group[0].device == "cpu" else 1
        yield group, training.workers or carried


def _job(spec: RunSpec, plan: Plan) -> Job:
    files, training = _files(plan.experiment, spec), plan.training
    folder, network = plan.folders[spec.variant], plan.networks[spec.variant]
    work = partial(_train_one, spec, folder, network, files, training.tensorboard, training.profile)
    return Job(spec.name, work, training.timeout, spec.recipe.epochs)


def _train_one(
    spec: RunSpec,
    dataset: Path,
    network: str,
    files: RunFiles,
    tensorboard: bool,
    profile: bool,
    progress: RunProgress,
) -> None:
    """One run, in the process that the executor chose."""
    from bakeoff.data.build.load import load
    from bakeoff.training.train import train

    train(
        spec,
        load(dataset),
        files.folder,
        progress,
        files.events if tensorboard else None,
        checkpoint=files.checkpoint,
        profile=files.profile if profile else None,
        network=network,
    )


def _is_stored(experiment: Experiment, spec: RunSpec, overwrite: bool, monitor: Monitor) -> bool:
    """Whether the run of this specification is there already; a failed or altered one is trained again."""
    folder = _files(experiment, spec).folder
    if not is_kept(folder, monitor):
        return False
    stored = load_run(folder)
    if stored.record.status == "failed":  # whatever it was made with: nothing is lost
        return False
    if stored.spec != spec and not overwrite:
        raise conflict(folder)
    if stored.spec == spec:  # its checkpoint is left where power was lost before that was removed
        shutil.rmtree(_files(experiment, spec).checkpoint, ignore_errors=True)
    return stored.spec == spec
