"""The order of the stages, and nothing else: each verb runs one stage on what the stages before it left on disk.

An experiment's folder holds `experiment.json`, `selection/`, `dataset/`, `runs/`, `comparison.json` and `report/`. A
stage that finished is not run again; one that was made from other settings is an error unless `overwrite` is given.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from bakeoff.config import Experiment
from bakeoff.errors import ConfigError, ImageError, StorageError
from bakeoff.records import Dataset, Environment, Images, Index, Prediction, Run, RunSpec, Selection
from bakeoff.registry import executors, network_label
from bakeoff.storage import check_claim, claim, read_json, write_json

Monitor = Callable[[str], Callable[[int, int], None]]
"""Gives, for a stage's title, a function that is told how much is done of how much."""

CACHE = ".bakeoff-cache"
KIND = "experiment"
PHOTO_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class StoredExperiment(msgspec.Struct, frozen=True):
    """`experiment.json`: what was asked.

    Attributes:
        experiment: Every value, defaults included.
        command: The command line that asked for it.
        environment: What it ran with.
    """

    experiment: Experiment
    command: str
    environment: Environment


def silent(_title: str) -> Callable[[int, int], None]:
    """A monitor that shows nothing."""
    return lambda _done, _total: None


def read_index(annotations: str, cache: Path | None = None) -> Index:
    """Reads an instances file; see `bakeoff.coco`."""
    from bakeoff import coco

    if not annotations:
        raise ConfigError(
            "no annotations are given; give --annotations PATH or data.annotations in the experiment file."
        )
    return coco.read_index(Path(annotations), cache)


def select(experiment: Experiment, folder: Path | None = None, *, overwrite: bool = False) -> Selection:
    """Chooses the images; writes `selection/` where a folder is given."""
    from bakeoff import selection

    if folder is None:
        return selection.select(read_index(experiment.data.annotations), experiment.data.selection)
    check_claim(folder, KIND)
    chosen = selection.select(read_index(experiment.data.annotations, folder.parent / CACHE), experiment.data.selection)
    place = folder / "selection"
    if place.exists():
        if selection.load(place).info.digest == chosen.info.digest:
            return chosen
        if not overwrite:
            raise _conflict(place)
    claim(folder, KIND)
    selection.save(chosen, place)
    return chosen


def build(experiment: Experiment, folder: Path, *, overwrite: bool = False, monitor: Monitor = silent) -> Dataset:
    """Selects the images, reads and resizes the photos; writes `selection/` and `dataset/`."""
    from bakeoff import dataset, sources

    data, place = experiment.data, folder / "dataset"
    check_claim(folder, KIND)
    if not (data.annotations and data.images):
        raise ConfigError(
            "an instances file and its photos are needed: give --annotations FILE and --images FOLDER, or set "
            "data.annotations and data.images in the experiment file."
        )
    source = sources.open_source(data.images)
    selection = select(experiment, folder, overwrite=overwrite)
    request = dataset.request_digest(selection.info, source, size=data.size, filter=data.filter, quality=data.quality)
    if place.exists():
        found = dataset.load(place)
        if found.info.request == request:
            return found
        if not overwrite:
            raise _conflict(place)
    return dataset.build(
        selection,
        source,
        place,
        size=data.size,
        filter=data.filter,
        quality=data.quality,
        workers=data.workers,
        progress=monitor("photos"),
    )


def train(
    experiment: Experiment, folder: Path, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> list[Run]:
    """Trains each network with each seed on `dataset/`; writes `experiment.json` and `runs/`.

    Runs that are there already are kept.
    """
    from bakeoff import dataset
    from bakeoff.executors.jobs import Failure, Job
    from bakeoff.training import stage
    from bakeoff.training.store import load_run, save_failure

    check(experiment)
    check_claim(folder, KIND)
    data = dataset.load(folder / "dataset")
    specs = {
        _run_folder(folder, name, seed): stage.make_spec(name, seed, experiment.training, data.info)
        for name, seed in _runs(experiment)
    }
    missing = [place for place, spec in specs.items() if not _stored_run(place, spec, overwrite)]
    write_json(folder / "experiment.json", StoredExperiment(experiment, command, Environment.current()))
    jobs = [Job(place.name, partial(_train_one, specs[place], data.folder, place)) for place in missing]
    for outcome in executors[experiment.training.executor](jobs, experiment.training.workers, monitor):
        if isinstance(outcome.result, Failure):
            place = folder / "runs" / outcome.name
            save_failure(place, specs[place], outcome.result.reason)
    return [load_run(place) for place in specs]


def write_report(folder: Path, *, monitor: Monitor = silent) -> Path:
    """Scores the runs in a folder; writes `comparison.json` and `report/`; returns the path of the page."""
    from bakeoff import dataset, diagnosis, evaluation, report
    from bakeoff.training.store import load_run

    stored = read_json(folder / "experiment.json", StoredExperiment)
    data = dataset.load(folder / "dataset")
    places = [_run_folder(folder, name, seed) for name, seed in _runs(stored.experiment)]
    runs = [load_run(place) for place in places if place.exists()]
    if not runs:
        raise StorageError(f"{folder} holds no runs; train the networks first.")
    progress = monitor("report")
    scores = evaluation.compare(data, runs)
    comparison = msgspec.structs.replace(scores, findings=diagnosis.diagnose(scores, data, runs))
    write_json(folder / "comparison.json", comparison)
    progress(1, 2)
    page = report.write(folder / "report", stored.experiment, comparison, data, runs, stored.command)
    progress(2, 2)
    return page


def run(
    experiment: Experiment, folder: Path, *, command: str = "", overwrite: bool = False, monitor: Monitor = silent
) -> Path:
    """All stages in their order; returns the path of the report's page."""
    check(experiment)
    build(experiment, folder, overwrite=overwrite, monitor=monitor)
    train(experiment, folder, command=command, overwrite=overwrite, monitor=monitor)
    return write_report(folder, monitor=monitor)


def demo(folder: Path, *, command: str = "", monitor: Monitor = silent) -> Path:
    """Draws the sample, runs the recipe `demo` on it, and returns the path of the report's page."""
    from bakeoff.recipes import load_experiment
    from bakeoff.sample import draw_sample

    claim(folder, KIND)
    sample = folder / "sample"
    if not sample.exists():
        draw_sample(sample, progress=monitor("drawing"))
    overrides = [f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}"]
    return run(load_experiment("demo", overrides), folder, command=command, monitor=monitor)


def predict(run_folder: Path, paths: Iterable[Path], device: str = "auto") -> list[Prediction]:
    """Class probabilities of photos, and of all photos in folders; a photo that can't be read says why.

    Raises:
        ConfigError: A path does not exist, or there is no photo.
        StorageError: The run is missing or damaged.
    """
    from bakeoff.training.predict import probabilities
    from bakeoff.training.store import load_run

    trained = load_run(run_folder)
    photos = list(_find_photos(paths))
    pixels, answers = _read_photos(photos, trained.spec)
    if pixels:
        rows = probabilities(trained, np.stack(list(pixels.values())), device)
        for photo, row in zip(pixels, rows, strict=True):
            answers[photo] = Prediction(str(photo), dict(zip(trained.spec.classes, row.tolist(), strict=True)))
    return [answers[photo] for photo in photos]


def check(experiment: Experiment) -> None:
    """Finds what would stop the training, before any photo is read.

    Raises:
        ConfigError: A network, seed or device is not known or given twice, or there is nothing to validate on.
        NetworkError: A network can't be built for this image size and number of classes.
    """
    from bakeoff.training import stage

    data, training = experiment.data, experiment.training
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
    _ = executors[training.executor]
    stage.check(training, len(data.classes), data.size)


def _train_one(spec: RunSpec, dataset_folder: Path, run_folder: Path, progress: Callable[[int, int], None]) -> None:
    """One run, in the process that the executor chose."""
    from bakeoff import dataset
    from bakeoff.training import stage

    stage.train(spec, dataset.load(dataset_folder), run_folder, progress)


def _runs(experiment: Experiment) -> Iterator[tuple[str, int]]:
    return itertools.product(experiment.training.networks, experiment.training.seed_list)


def _run_folder(folder: Path, network: str, seed: int) -> Path:
    return folder / "runs" / f"{network_label(network)}-seed{seed}"


def _stored_run(place: Path, spec: RunSpec, overwrite: bool) -> Run | None:
    """The run of this specification that is there already; a failed one is tried again."""
    from bakeoff.training.store import load_run

    if not place.exists():
        return None
    stored = load_run(place)
    if stored.spec == spec:
        return None if stored.record.status == "failed" else stored
    if not overwrite:
        raise _conflict(place)
    return None


def _find_photos(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(entry for entry in path.rglob("*") if entry.suffix.lower() in PHOTO_SUFFIXES)
            if not found:
                raise ConfigError(f"{path} holds no photo ({', '.join(sorted(PHOTO_SUFFIXES))}).")
            yield from found
        elif path.exists():
            yield path
        else:
            raise ConfigError(f"{path} does not exist; give photos or folders of photos.")


def _read_photos(photos: Sequence[Path], spec: RunSpec) -> tuple[dict[Path, Images], dict[Path, Prediction]]:
    """The pixels of the photos that can be read, and the reasons of those that can't."""
    from bakeoff.dataset import to_pixels

    pixels: dict[Path, Images] = {}
    unreadable: dict[Path, Prediction] = {}
    for photo in photos:
        try:
            pixels[photo] = to_pixels(photo.read_bytes(), spec.size, spec.filter)
        except (OSError, ImageError) as error:
            unreadable[photo] = Prediction(str(photo), error=str(error))
    return pixels, unreadable


def _conflict(place: Path) -> StorageError:
    return StorageError(f"{place} was made with other settings; choose another folder with --out, or give --overwrite.")
