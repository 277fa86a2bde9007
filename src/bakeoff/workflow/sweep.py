"""Training networks × seeds: what is missing is run, what is there is kept."""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from bakeoff.config.schema import TrainingConfig, Variant
from bakeoff.core.atomic import tidy
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.registry import executors
from bakeoff.core.storage import conflict
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run, RunSpec

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Plan:
    """The runs that were asked for.

    Attributes:
        dataset: What they are trained on.
        specs: By folder, in the order of the networks, then the seeds.
        missing: The folders of the runs that are not there yet, or failed.
    """

    dataset: Dataset
    specs: Mapping[Path, RunSpec]
    missing: Sequence[Path]


def run_folders(variants: Sequence[Variant], seeds: Sequence[int], folder: Path) -> list[Path]:
    """The folder of each run of variants × seeds, in their order."""
    return [folder / "runs" / f"{variant.name}-seed{seed}" for variant, seed in itertools.product(variants, seeds)]


def plan(
    variants: Sequence[Variant], training: TrainingConfig, dataset: Dataset, folder: Path, *, overwrite: bool = False
) -> Plan:
    """Finds which runs of variants × seeds are there already.

    Raises:
        ConfigError: There is no such network or device.
        StorageError: A run is damaged, or was made with other settings and `overwrite` is not given.
    """
    from bakeoff.training.train import make_spec

    asked = itertools.product(variants, training.seed_list)
    specs = {
        place: make_spec(variant, seed, training.device, dataset.info)
        for place, (variant, seed) in zip(run_folders(variants, training.seed_list, folder), asked, strict=True)
    }
    return Plan(dataset, specs, [place for place, spec in specs.items() if not _stored(place, spec, overwrite)])


def train(plan: Plan, training: TrainingConfig, monitor: Monitor = silent) -> list[Run]:
    """Trains what is missing of a plan; a run that fails is recorded with its reason while the others go on."""
    from bakeoff.training.store import load_run, save_failure
    from bakeoff.workflow.executors.jobs import Failure, Job

    by_name = {place.name: place for place in plan.missing}
    ended, asked = len(plan.specs) - len(plan.missing), len(plan.specs)
    tell, part = monitor("runs"), cache(lambda name: monitor(f"runs/{name}"))
    tell(ended, asked)
    for places, at_once in _shifts(plan, training):
        jobs = [Job(place.name, _job(plan, place, training)) for place in places]
        for outcome in executors[training.executor](jobs, at_once, part):
            if isinstance(outcome.result, Failure):
                place = by_name[outcome.name]
                save_failure(place, plan.specs[place], outcome.result.reason)
            ended += 1
            part(outcome.name)(1, 1)
            tell(ended, asked)
    for folder in {place.parents[1] / CHECKPOINTS for place in plan.missing}:
        with suppress(OSError):  # it is not empty: a run that failed can be taken up
            folder.rmdir()
    return [load_run(place) for place in plan.specs]


def _shifts(plan: Plan, training: TrainingConfig) -> Iterator[tuple[list[Path], int]]:
    """The missing runs by the threads that each takes, and how many at once the processors carry."""
    threads = {place: plan.specs[place].recipe.threads for place in plan.missing}
    for count in sorted(set(threads.values())):
        places = [place for place in plan.missing if threads[place] == count]
        yield places, training.workers or max(1, (os.cpu_count() or 1) // count)


def _job(plan: Plan, place: Path, training: TrainingConfig) -> Callable[[Callable[[int, int], None]], None]:
    return partial(_train_one, plan.specs[place], plan.dataset.folder, place, training.tensorboard, training.profile)


def _train_one(
    spec: RunSpec,
    dataset_folder: Path,
    run_folder: Path,
    watched: bool,
    profiled: bool,
    progress: Callable[[int, int], None],
) -> None:
    """One run, in the process that the executor chose."""
    from bakeoff.data import build as dataset
    from bakeoff.training import train as stage

    # A run's own folder appears when the run is whole; what there is before lies beside it.
    experiment, name = run_folder.parents[1], run_folder.name
    events = experiment / "tensorboard" / name if watched else None
    stage.train(
        spec,
        dataset.load(dataset_folder),
        run_folder,
        progress,
        events,
        checkpoint=experiment / CHECKPOINTS / name,
        profile=experiment / "profiles" / f"{name}.json" if profiled else None,
    )


def _stored(place: Path, spec: RunSpec, overwrite: bool) -> Run | None:
    """The run of this specification that is there already; a failed one is tried again."""
    from bakeoff.training.store import load_run

    tidy(place)
    if not place.exists():
        return None
    stored = load_run(place)
    if stored.record.status == "failed":  # whatever it was made with: nothing is lost
        return None
    if stored.spec != spec and not overwrite:
        raise conflict(place)
    return stored if stored.spec == spec else None
