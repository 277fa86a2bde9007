"""A sweep: variants × seeds. What is missing is trained, what is there is kept."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bakeoff.config.experiment import ExperimentConfig, Variant
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.registry import executors
from bakeoff.core.storage import conflict, digest
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run, RunSpec, load_run, save_failure
from bakeoff.workflow.executors.jobs import Failure, Job
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.kept import is_kept
from bakeoff.workflow.records import RunFiles
from bakeoff.workflow.training_task import TrainingTask, dataset_bundle


@dataclass(frozen=True)
class Plan:
    """What a sweep consists of.

    Attributes:
        experiment: Gets the runs.
        config: The executor with its cluster, and what is recorded beside the runs.
        folders: By variant the folder of its data set.
        networks: By variant its network.
        specs: Of all runs, by variant, then seed.
        missing: Of the runs that are not there yet, or failed.
    """

    experiment: Experiment
    config: ExperimentConfig
    folders: Mapping[str, Path]
    networks: Mapping[str, str]
    specs: Sequence[RunSpec]
    missing: Sequence[RunSpec]


def plan_sweep(
    experiment: Experiment,
    variants: Sequence[Variant],
    config: ExperimentConfig,
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
        config: The seeds, the device, and how runs are executed.
        datasets: By variant, what it is trained on.
        seeds: Other seeds than those of the configuration.
        overwrite: Whether runs that were made with other settings are replaced.
        monitor: Told which runs were altered.

    Raises:
        ConfigError: There is no such network or device.
        StorageError: A run is damaged, or was made with other settings and `overwrite` is not given.
    """
    from bakeoff.training.train import make_spec

    training = config.training
    specs = [
        make_spec(variant, seed, training.device, datasets[variant.name].info)
        for variant in variants
        for seed in (training.seed_list if seeds is None else seeds)
    ]
    folders = {variant.name: datasets[variant.name].folder for variant in variants}
    missing = [spec for spec in specs if not _is_stored(experiment, spec, overwrite, monitor)]
    networks = {variant.name: variant.network for variant in variants}
    return Plan(experiment, config, folders, networks, specs, missing)


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
    training = plan.config.training
    for outcome in executors[training.executor](_jobs(plan), training.workers, report_run):
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


def _jobs(plan: Plan) -> list[Job]:
    """The missing runs."""
    training, cluster = plan.config.training, plan.config.cluster
    bundles = {folder: dataset_bundle(folder) for folder in set(plan.folders.values())} if plan.missing else {}
    return [
        Job(
            spec.name,
            TrainingTask.of(
                spec,
                bundles[plan.folders[spec.variant]],
                plan.networks[spec.variant],
                files := _files(plan.experiment, spec),
                _checkpoint(spec, files, cluster.storage),
                tensorboard=training.tensorboard,
                profile=training.profile,
            ),
            training.timeout,
            spec.recipe.epochs,
            cluster.num_cpus or spec.recipe.threads,
            0.0 if spec.device == "cpu" else cluster.num_gpus,
            cluster,
        )
        for spec in plan.missing
    ]


def _checkpoint(spec: RunSpec, files: RunFiles, storage: str) -> str:
    """Where the state of a run is kept: with the experiment, or where the cluster's nodes can reach it."""
    return f"{storage.rstrip('/')}/{spec.name}-{digest(spec)}" if storage else str(files.checkpoint.absolute())


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
