"""The order of the stages: select, build, train, report. Each runs on what the stages before it left in the experiment.

A stage that finished is not run again; one that was made with other settings is an error unless `overwrite` is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig, data_owners
from bakeoff.config.schema import AUTO
from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.core.progress import Monitor, automatic, silent
from bakeoff.core.registry import executors
from bakeoff.core.storage import conflict
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.selection.selection import Selection
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.kept import is_kept

if TYPE_CHECKING:
    from bakeoff import report
    from bakeoff.evaluation.results import Results

PathName = str | PathLike[str]


def run(
    config: ExperimentConfig, folder: PathName, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> Path:
    """All stages in their order; returns the path of the report's page."""
    checked = monitor("checks")
    check(config)
    checked(1, 1)
    with Experiment(folder).locked():
        build(config, folder, overwrite=overwrite, monitor=monitor)
        train(config, folder, command=command, overwrite=overwrite, monitor=monitor)
        return write_report(folder, monitor=monitor)


def demo(folder: PathName, *, command: str = "", monitor: Monitor = automatic) -> Path:
    """Draws the sample, runs the preset `showcase` on it, and returns the path of the report's page."""
    from bakeoff.config.loading import load_experiment
    from bakeoff.data.sample import draw_sample

    with (experiment := Experiment(folder)).locked():
        experiment.own()
        if not (sample := experiment.sample_folder).exists():
            draw_sample(sample, progress=monitor("drawing"))
        paths = (f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}")
        return run(load_experiment("showcase", ["name=demo", *paths]), folder, command=command, monitor=monitor)


def select(config: ExperimentConfig, folder: PathName | None = None, *, overwrite: bool = False) -> Selection:
    """Chooses the images; writes `selection/` where a folder is given."""
    from bakeoff.data import inputs, selection

    if folder is None:
        return selection.select(*inputs.open_index(config.data, None))
    with (experiment := Experiment(folder)).locked():
        return _select(config.data, experiment, "", overwrite=overwrite)


def build(config: ExperimentConfig, folder: PathName, *, overwrite: bool = False, monitor: Monitor = silent) -> Dataset:
    """Selects the images, reads and resizes them: the experiment's data set, and those of variants with other data."""
    experiment, own = Experiment(folder), {variant.name: variant.data for variant in config.variant_list}
    with experiment.locked():
        tasks = {variant.recipe.task for variant in config.variant_list}
        dataset = build_data(config, config.data, experiment, tasks=tasks, overwrite=overwrite, monitor=monitor)
        for owner in sorted(set(data_owners(config, config.variant_list).values()) - {""}):
            build_data(config, own[owner], experiment, owner, tasks=tasks, overwrite=overwrite, monitor=monitor)
    return dataset


def build_data(
    config: ExperimentConfig,
    data: DataConfig,
    experiment: Experiment,
    owner: str = "",
    *,
    tasks: Iterable[str] = (),
    overwrite: bool = False,
    monitor: Monitor = silent,
) -> Dataset:
    """The data set of the experiment, or of a variant that owns one; refused for a task that it can't be used for."""
    from bakeoff.data import build as stage
    from bakeoff.data import inputs
    from bakeoff.workflow.ray_map import map_of

    folder = experiment.dataset_folder(owner)
    experiment.check_owned()
    source = inputs.open_source(data, monitor)
    selection = _select(data, experiment, owner, overwrite=overwrite, monitor=monitor)
    for task in tasks:
        selection.info.check_task(task)
    settings = stage.ImageSettings(size=data.size, resize=data.resize, filter=data.filter, quality=data.quality)
    request = stage.request_digest(selection.info, source, check_sizes=data.check_sizes, **settings)
    if is_kept(folder, monitor):
        found = stage.load(folder)
        if found.info.request == request:
            return found
        if not overwrite:
            raise conflict(folder)
    progress = monitor(f"photos ({owner})" if owner else "photos")
    return stage.build(
        selection,
        source,
        folder,
        workers=data.workers,
        elsewhere=map_of(config),
        check_sizes=data.check_sizes,
        progress=progress,
        **settings,
    )


def _select(
    data: DataConfig, experiment: Experiment, owner: str, *, overwrite: bool, monitor: Monitor = silent
) -> Selection:
    from bakeoff.data import inputs, selection

    experiment.check_owned()
    chosen = selection.select(*inputs.open_index(data, experiment.cache))
    folder = experiment.selection_folder(owner)
    if is_kept(folder, monitor):
        if selection.load(folder).info.digest == chosen.info.digest:
            return chosen
        if not overwrite:
            raise conflict(folder)
    experiment.own()
    selection.save(chosen, folder)
    return chosen


def train(
    config: ExperimentConfig, folder: PathName, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> list[Run]:
    """Trains every variant with every seed; writes `experiment.json` and `runs/`. Runs that are there are kept.

    Where `[tune]` asks for it, recipes are searched first, and each network is trained with its own and the one that
    was found. Where `[evaluation]` asks for it, `latency.json` gets the latency of each variant, `explanations.json`
    what it looks at.
    """
    from bakeoff.workflow.auto_seeds import sweep_until_decided
    from bakeoff.workflow.explain import explain_runs
    from bakeoff.workflow.latency import measure_latency
    from bakeoff.workflow.shared import predict_shared
    from bakeoff.workflow.sweep import plan_sweep, sweep
    from bakeoff.workflow.trackers import track
    from bakeoff.workflow.tune import tuned

    check(config)
    experiment = Experiment(folder)
    experiment.check_owned()
    with experiment.locked():
        config = tuned(config, experiment, overwrite=overwrite, monitor=monitor)
        variants = config.variant_list
        datasets = experiment.datasets(config, variants)
        if config.training.seeds == AUTO:
            experiment.store_config(config, command)
            runs = sweep_until_decided(config, experiment, datasets, overwrite=overwrite, monitor=monitor)
        else:
            plan = plan_sweep(experiment, variants, config, datasets, overwrite=overwrite, monitor=monitor)
            experiment.store_config(config, command)
            runs = sweep(plan, monitor)
            predict_shared(experiment, runs, datasets, monitor)
        if config.evaluation.measures_latency:
            measure_latency(experiment, variants, runs, monitor)
        if photos := config.evaluation.explain:
            explain_runs(experiment, variants, runs, datasets, photos, monitor)
        track(experiment.folder, runs, config.training, monitor)
    return runs


def write_report(folder: PathName, *, monitor: Monitor = automatic) -> Path:
    """Scores the runs of an experiment; writes `comparison.json`, `findings.json` and `report/`; returns the page.

    While another command trains, these are of the runs that have ended.
    """
    from bakeoff import report

    progress, experiment = monitor("report"), Experiment(folder)
    with experiment.scoring():
        _, case = score(experiment)
        experiment.store_results(case.comparison, case.findings)
        progress(1, 2)
        page = report.write(experiment.report_folder, case)
    progress(2, 2)
    return page


def write_joint_report(folders: Sequence[PathName], out: PathName, *, monitor: Monitor = automatic) -> Path:
    """Scores the variants of several experiments and writes one report about all; returns its page.

    A variant is compared with its namesakes in the other experiments that have the same data set, with the largest of
    the experiments' margins.
    """
    from bakeoff import report
    from bakeoff.evaluation.joint import compare_experiments

    progress = monitor("report")
    cases: dict[str, report.ReportInput] = {}
    results: dict[str, Results] = {}
    margin = 0.0
    for folder in map(Path, folders):
        name = folder.resolve().name
        name = name if name not in cases else f"{name}-{len(cases) + 1}"
        experiment = Experiment(folder)
        results[name], cases[name] = score(experiment)
        margin = max(margin, experiment.config.evaluation.margin_fraction)
        progress(len(cases), len(folders) + 1)
    page = report.write_joint(Path(out), cases, compare_experiments(results, margin))
    progress(len(folders) + 1, len(folders) + 1)
    return page


def score(experiment: Experiment) -> "tuple[Results, report.ReportInput]":
    """All that is stored of an experiment, with its scores and findings."""
    from bakeoff.evaluation.comparison import compare
    from bakeoff.evaluation.sequential import FIXED, looks
    from bakeoff.findings.diagnose import diagnose

    runs = experiment.runs
    if not runs:
        raise StorageError(f"{experiment.folder} holds no runs; train the networks first.")
    datasets = experiment.datasets(experiment.config, experiment.variants)
    training, margin = experiment.config.training, experiment.config.evaluation.margin_fraction
    results = compare(
        experiment.dataset,
        runs,
        others=datasets.values(),
        shared=experiment.read_shared,
        margin=margin,
        looks=looks(training.max_seeds) if training.seeds == AUTO else FIXED,
    )
    results = replace(results, latencies=experiment.latencies_of(runs), budget=experiment.config.evaluation)
    return results, experiment.case(results, diagnose(results))


def check(config: ExperimentConfig) -> None:
    """Finds what would stop the training, before any photo is read.

    Raises:
        ConfigError: A network, seed or device is not known or given twice, a variant can't be compared with the
            others, or there is nothing to validate on.
        NetworkError: A network can't be built for this image size and number of classes.
    """
    from bakeoff.config.tables import network_label
    from bakeoff.data import inputs
    from bakeoff.training.checks import check as check_training
    from bakeoff.workflow import tune
    from bakeoff.workflow.executors.nodes import check_installed
    from bakeoff.workflow.main_module import check_main
    from bakeoff.workflow.trackers import check_trackers

    check_main(config)
    check_trackers(config.training)
    data, training = config.data, config.training
    labels = tuple(network_label(name) for name in training.networks)
    for what, values in (("networks", labels), ("seeds", training.seed_list)):
        if not values:
            raise ConfigError(f"training.{what} is empty; give at least one.")
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise ConfigError(f"training.{what}: two entries are called {twice!r}; give each its own name.")
    if not data.train_per_class or not data.val_per_class:
        raise ConfigError(
            "training needs images in both splits: set data.train_per_class and data.val_per_class above 0."
        )
    for variant in config.variant_list:
        if variant.recipe.patience and not variant.recipe.holdout_fraction:
            raise ConfigError(
                f"{variant.name}: training.patience needs training.holdout_fraction, the images that it watches."
            )
        _check_data(variant.name, variant.data, data)
    tune.check(config)
    _ = executors[training.executor]
    if training.executor == "ray":
        check_installed()
    if training.timeout and training.executor == "serial":
        raise ConfigError(
            'training.timeout needs training.executor = "processes": nothing can end a network that hangs in this '
            "process."
        )
    check_training(training, config.variant_list, len(inputs.target_classes(data)))


def _check_data(name: str, own: DataConfig, data: DataConfig) -> None:
    """Refuses changes of the data with which a variant has no images in common that both can be scored on."""
    if (own.classes, own.merge) != (data.classes, data.merge):
        raise ConfigError(f"variants.{name}.data: variants are compared on the same classes; leave out classes, merge.")
    images = [(one.size, one.resize, one.filter) for one in (own, data)]
    if own.selection != data.selection and images[0] != images[1]:
        raise ConfigError(
            f"variants.{name}.data changes both which images are chosen and size, resize or filter; change one of "
            "them per variant, so that it can be compared."
        )
