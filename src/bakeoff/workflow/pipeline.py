"""The order of the stages, and nothing else: each verb runs one stage on what the stages before it left on disk.

An experiment's folder holds `experiment.json`, `selection/`, `dataset/`, `runs/`, `comparison.json` and `report/`. A
stage that finished is not run again; one that was made from other settings is an error unless `overwrite` is given.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bakeoff.config.schema import ExperimentConfig, network_label
from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.registry import executors
from bakeoff.core.storage import check_claim, claim, conflict, read_json, write_json
from bakeoff.core.types import Environment
from bakeoff.data import inputs
from bakeoff.data.audit.result import Audit
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.index import Index
from bakeoff.data.selection.selection import Selection
from bakeoff.evaluation.improvements import Improvements
from bakeoff.evaluation.scores import Comparison
from bakeoff.training.run import Run
from bakeoff.workflow import sweep as runs

if TYPE_CHECKING:
    from bakeoff import report

CACHE = ".bakeoff-cache"
KIND = "experiment"
IMPROVEMENTS = Path("improve") / "improvements.json"


class StoredExperiment(msgspec.Struct, frozen=True):
    """`experiment.json`: what was asked.

    Attributes:
        experiment: Every value, defaults included.
        command: The command line that asked for it.
        environment: What it ran with.
    """

    experiment: ExperimentConfig
    command: str
    environment: Environment


def read_index(annotations: str, cache: Path | None = None) -> Index:
    """Reads an instances file; see `bakeoff.data.coco`."""
    return inputs.read_index(annotations, cache)


def audit(folder: Path, annotations: str = "", *, monitor: Monitor = silent) -> Audit:
    """Looks at every photo of a tree with a folder a class; compares the classes with an instances file if given.

    Raises:
        SourceError: The folder is no such tree, or can't be read.
        AnnotationsError: The instances file can't be used.
    """
    return inputs.audit(folder, annotations, monitor)


def select(experiment: ExperimentConfig, folder: Path | None = None, *, overwrite: bool = False) -> Selection:
    """Chooses the images; writes `selection/` where a folder is given."""
    from bakeoff.data import selection

    if folder is None:
        return selection.select(*inputs.open_index(experiment.data, None))
    check_claim(folder, KIND)
    chosen = selection.select(*inputs.open_index(experiment.data, folder.parent / CACHE))
    place = folder / "selection"
    if place.exists():
        if selection.load(place).info.digest == chosen.info.digest:
            return chosen
        if not overwrite:
            raise conflict(place)
    claim(folder, KIND)
    selection.save(chosen, place)
    return chosen


def build(experiment: ExperimentConfig, folder: Path, *, overwrite: bool = False, monitor: Monitor = silent) -> Dataset:
    """Selects the images, reads and resizes the photos; writes `selection/` and `dataset/`."""
    from bakeoff.data import build as dataset

    data, place = experiment.data, folder / "dataset"
    check_claim(folder, KIND)
    source = inputs.open_source(data, monitor)
    selection = select(experiment, folder, overwrite=overwrite)
    settings = dataset.ImageSettings(size=data.size, resize=data.resize, filter=data.filter, quality=data.quality)
    request = dataset.request_digest(selection.info, source, **settings)
    if place.exists():
        found = dataset.load(place)
        if found.info.request == request:
            return found
        if not overwrite:
            raise conflict(place)
    return dataset.build(
        selection,
        source,
        place,
        workers=data.workers,
        progress=monitor("photos"),
        **settings,
    )


def train(
    experiment: ExperimentConfig, folder: Path, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> list[Run]:
    """Trains each network with each seed on `dataset/`; writes `experiment.json` and `runs/`.

    Runs that are there already are kept.
    """
    from bakeoff.data import build as dataset

    check(experiment)
    check_claim(folder, KIND)
    variants = experiment.variant_list
    plan = runs.plan(variants, experiment.training, dataset.load(folder / "dataset"), folder, overwrite=overwrite)
    write_json(folder / "experiment.json", StoredExperiment(experiment, command, Environment.current()))
    return runs.train(plan, experiment.training, monitor)


def write_report(folder: Path, *, monitor: Monitor = silent) -> Path:
    """Scores the runs in a folder; writes `comparison.json` and `report/`; returns the path of the page."""
    from bakeoff import report

    progress = monitor("report")
    case = _score(folder)
    write_json(folder / "comparison.json", case.comparison)
    progress(1, 2)
    page = report.write(folder / "report", case)
    progress(2, 2)
    return page


def read_comparison(folder: Path) -> Comparison:
    """The scores and findings of an experiment whose report was written."""
    return read_json(folder / "comparison.json", Comparison)


def write_joint_report(folders: Sequence[Path], out: Path, *, monitor: Monitor = silent) -> Path:
    """Scores the runs of several experiments and writes one report about all; returns the path of its page.

    Networks are compared across the experiments that share a data set.
    """
    from bakeoff import evaluation, report

    progress = monitor("report")
    cases: dict[str, report.Case] = {}
    for folder in folders:
        name = folder.resolve().name
        cases[name if name not in cases else f"{name}-{len(cases) + 1}"] = _score(folder)
        progress(len(cases), len(folders) + 1)
    right = {
        name: {network: evaluation.right(own) for network, own in evaluation.group(case.runs).items()}
        for name, case in cases.items()
    }
    pairs = evaluation.compare_across(right, {name: case.dataset.info.digest for name, case in cases.items()})
    page = report.write_joint(out, cases, pairs)
    progress(len(folders) + 1, len(folders) + 1)
    return page


def _score(folder: Path) -> "report.Case":
    """All that is stored of an experiment, with its scores and findings."""
    from bakeoff import evaluation, report
    from bakeoff import findings as diagnosis
    from bakeoff.data import build as dataset
    from bakeoff.training.store import load_run

    stored = read_json(folder / "experiment.json", StoredExperiment)
    data = dataset.load(folder / "dataset")
    asked = stored.experiment.variant_list, stored.experiment.training.seed_list
    made = [load_run(place) for place in runs.run_folders(*asked, folder) if place.exists()]
    if not made:
        raise StorageError(f"{folder} holds no runs; train the networks first.")
    scores = evaluation.compare(data, made)
    tried = folder / IMPROVEMENTS
    comparison = msgspec.structs.replace(
        scores,
        findings=diagnosis.diagnose(scores, data, made),
        improvements=read_json(tried, Improvements) if tried.exists() else None,
    )
    return report.Case(stored.experiment, comparison, data, made, stored.command)


def run(
    experiment: ExperimentConfig, folder: Path, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> Path:
    """All stages in their order; returns the path of the report's page."""
    check(experiment)
    build(experiment, folder, overwrite=overwrite, monitor=monitor)
    train(experiment, folder, command=command, overwrite=overwrite, monitor=monitor)
    return write_report(folder, monitor=monitor)


def demo(folder: Path, *, command: str = "", monitor: Monitor = silent) -> Path:
    """Draws the sample, runs the recipe `demo` on it, and returns the path of the report's page."""
    from bakeoff.config.loading import load_experiment
    from bakeoff.data.sample import draw_sample

    claim(folder, KIND)
    sample = folder / "sample"
    if not sample.exists():
        draw_sample(sample, progress=monitor("drawing"))
    overrides = [f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}"]
    return run(load_experiment("demo", overrides), folder, command=command, monitor=monitor)


def check(experiment: ExperimentConfig) -> None:
    """Finds what would stop the training, before any photo is read.

    Raises:
        ConfigError: A network, seed or device is not known or given twice, a recipe is of no network, or there is
            nothing to validate on.
        NetworkError: A network can't be built for this image size and number of classes.
    """
    from bakeoff.training import train as stage

    data, training = experiment.data, experiment.training
    labels = tuple(network_label(name) for name in training.networks)
    for what, values in (("networks", labels), ("seeds", training.seed_list)):
        if not values:
            raise ConfigError(f"training.{what} is empty; give at least one.")
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise ConfigError(f"training.{what}: two entries are called {twice!r}; give each its own name.")
    for variant in experiment.variant_list:
        if variant.recipe.patience and not variant.recipe.holdout_fraction:
            raise ConfigError(
                f"{variant.name}: training.patience needs training.holdout_fraction, the images that it looks at."
            )
    if not data.train_per_class or not data.val_per_class:
        raise ConfigError(
            "training needs images in both splits: set data.train_per_class and data.val_per_class above 0."
        )
    _ = executors[training.executor]
    stage.check(training, experiment.variant_list, len(inputs.target_classes(data)))
