"""What `import bakeoff` offers beside the records: each stage as a function of plain values."""

from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from bakeoff.config.data import ALL, BoxFormat, DataConfig, Quota, SelectionConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import ConfigError
from bakeoff.core.geometry import Resize
from bakeoff.core.progress import Monitor, automatic
from bakeoff.data import build as build_stage
from bakeoff.data import inputs, selection
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.index import Index
from bakeoff.data.selection.selection import Selection
from bakeoff.evaluation.improvements import Improvements
from bakeoff.evaluation.tuning import Tuning
from bakeoff.workflow import improve as improve_stage
from bakeoff.workflow import pipeline
from bakeoff.workflow import tune as tune_stage
from bakeoff.workflow.experiment import Experiment

PathName = str | PathLike[str]
Config = TypeVar("Config", bound=SelectionConfig)


def open_experiment(folder: PathName) -> Experiment:
    """Opens the folder of an experiment that was trained; `bakeoff.open`.

    Raises:
        StorageError: It is none.
    """
    experiment = Experiment(folder)
    _ = experiment.stored
    return experiment


def run(
    experiment: PathName | ExperimentConfig,
    *,
    annotations: PathName = "",
    images: PathName = "",
    out: PathName = "",
    overrides: Iterable[str] = (),
    overwrite: bool = False,
    command: str = "",
    monitor: Monitor = automatic,
) -> Experiment:
    """Runs all stages of an experiment: select, build, train, report. What is there already is kept.

    Args:
        experiment: A preset's name, the path of an experiment file, or a configuration.
        annotations: Replaces `data.annotations`.
        images: Replaces `data.images`.
        out: The experiment's folder; `bakeoff-NAME` where it is empty.
        overrides: Values that replace others, each as "section.key=value".
        overwrite: Whether what was made with other settings is replaced.
        command: What the report says it was made with.
        monitor: Told how far the stages are.

    Raises:
        BakeoffError: Something that the caller can put right; see its subclasses.
    """
    config = configure(experiment, annotations=annotations, images=images, overrides=overrides)
    folder = Path(out or f"bakeoff-{config.name}")
    pipeline.run(config, folder, command=command, overwrite=overwrite, monitor=monitor)
    return Experiment(folder)


def improve(
    experiment: PathName | ExperimentConfig,
    *,
    annotations: PathName = "",
    images: PathName = "",
    out: PathName = "",
    overrides: Iterable[str] = (),
    monitor: Monitor = automatic,
) -> Improvements:
    """Tries what would make one variant better, best first; arguments as of `run`."""
    config = configure(experiment, annotations=annotations, images=images, overrides=overrides)
    return improve_stage.improve(config, Path(out or f"bakeoff-{config.name}"), monitor=monitor)


def tune(
    experiment: PathName | ExperimentConfig,
    *,
    annotations: PathName = "",
    images: PathName = "",
    out: PathName = "",
    overrides: Iterable[str] = (),
    overwrite: bool = False,
    monitor: Monitor = automatic,
) -> Tuning:
    """Searches a recipe for each network, on training images that are held out; arguments as of `run`."""
    config = configure(experiment, annotations=annotations, images=images, overrides=overrides)
    return tune_stage.tune(config, Path(out or f"bakeoff-{config.name}"), overwrite=overwrite, monitor=monitor)


def configure(
    experiment: PathName | ExperimentConfig,
    *,
    annotations: PathName = "",
    images: PathName = "",
    overrides: Iterable[str] = (),
) -> ExperimentConfig:
    """The configuration of an experiment with values replaced; arguments as of `run`."""
    paths = {"annotations": fspath(annotations), "images": fspath(images)}
    given = {key: value for key, value in paths.items() if value}
    if isinstance(experiment, ExperimentConfig):
        if list(overrides):
            raise ConfigError("overrides go with a preset or an experiment file; change the configuration itself.")
        config = experiment
    else:
        config = load_experiment(fspath(experiment), overrides)
    return msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, **given))


def read_coco(
    path: PathName,
    *,
    images: PathName = "",
    box_format: BoxFormat = "auto",
    none: str = "",
    cache: PathName | None = None,
) -> Index:
    """Reads a COCO instances file, also packed (.gz, .zst, .zip).

    Args:
        path: The file.
        images: Folder or zip archive of the photos: they tell which files are meant by names that are written
            otherwise, and their sizes where the file states none.
        box_format: How it writes boxes: "xywh", "xyxy" or "cxcywh"; "auto" is "xywh", and an error where that can't be.
        none: Name of a class of images without annotations; empty for none.
        cache: A folder that keeps what was read, so that the next reading takes a fraction of the time.

    Raises:
        AnnotationsError: It can't be read, or is no COCO instances file, or its boxes are not of the format.
        ConfigError: It has a category of the name `none`.
    """
    data = DataConfig(box_format=box_format, none=none)
    return inputs.read_index(fspath(path), Path(cache) if cache else None, data, fspath(images))


def select(
    index: Index,
    *,
    classes: Sequence[str],
    policy: str = "balanced",
    train_per_class: Quota = ALL,
    val_per_class: Quota | float = ALL,
    test_per_class: Quota = 0,
    seed: int = 0,
    min_area: float = 0.0,
    crowd: bool = False,
) -> Selection:
    """Chooses the images of a data set, each once, under one class and in one split; no image is read.

    Args:
        index: The annotations.
        classes: The target classes, in the order of their labels.
        policy: How an image gets its one label.
        train_per_class: Training images per class: a number, numbers by class, or "all" that the others leave.
        val_per_class: Validation images per class; also a fraction below 1; "all" is a fifth, unless the index says
            which split an image is for.
        test_per_class: Test images per class.
        seed: Of the policy's random order.
        min_area: An annotation counts only from this fraction of the image's area on, 0 to 1.
        crowd: Whether crowd annotations make an image a candidate.

    Raises:
        ConfigError: There is no such policy, or a value is out of its range.
        SelectionError: The classes can't be used.
        ShortageError: A class has too few images.
    """
    values: dict[str, object] = {
        "classes": tuple(classes),
        "policy": policy,
        "train_per_class": train_per_class,
        "val_per_class": val_per_class,
        "test_per_class": test_per_class,
        "seed": seed,
        "min_area": min_area,
        "crowd": crowd,
    }
    return selection.select(index, _checked(values, SelectionConfig))


def build(
    chosen: Selection,
    *,
    images: PathName,
    out: PathName,
    size: int = 64,
    resize: Resize = "stretch",
    filter: Literal["area", "linear"] = "area",  # noqa: A002  # the name of the key in an experiment file
    quality: int = 95,
    workers: int = 0,
    check_sizes: bool = True,
    monitor: Monitor = automatic,
) -> Dataset:
    """Reads and resizes the chosen images and writes the data set's folder, whole or not at all.

    Args:
        chosen: What `select` chose.
        images: Folder or zip archive of the photos; "url" downloads them.
        out: The data set's folder; one that is there is replaced.
        size: Height and width of the stored images, in pixels.
        resize: How a photo becomes square: "stretch", "letterbox" or "center-crop".
        filter: "area" averages over the source pixels, "linear" is `cv2.resize`'s default.
        quality: JPEG quality of the copies, 1 to 100.
        workers: Processes that decode; 0 means one per processor.
        check_sizes: Whether a photo is refused that has neither the size that the annotations state nor its aspect
            ratio; if not, boxes are fractions of whatever photo is there.
        monitor: Told how far it is.

    Raises:
        SourceError: The photos can't be reached.
        ShortageError: A class has too few photos that can be read.
        StorageError: The folder holds something else, or can't be written.
    """
    values = {"size": size, "resize": resize, "filter": filter, "quality": quality, "workers": workers}
    data = _checked({**values, "annotations": chosen.info.source, "images": fspath(images)}, DataConfig)
    settings = build_stage.ImageSettings(size=data.size, resize=data.resize, filter=data.filter, quality=data.quality)
    source, progress = inputs.open_source(data, monitor), monitor("photos")
    return build_stage.build(
        chosen, source, Path(out), workers=workers, check_sizes=check_sizes, progress=progress, **settings
    )


def export(run: PathName, target: PathName, *, allow_code: bool = False) -> float | None:
    """Writes a run's network as an ONNX file, and checks it on the run's data set where that lies beside it.

    Args:
        run: The run's folder.
        target: The file; replaced where it exists.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Returns:
        The largest difference between a probability by the file and by the run, over the validation images; None
        without the data set.

    Raises:
        ConfigError: The libraries that write ONNX are not installed.
        StorageError: The run can't be used, or the file can't be written.
        NetworkError: The network can't be built or exported, or the exported one gives other probabilities.
    """
    from bakeoff.training.export import export as write

    dataset = Experiment.of_run(Path(run)).dataset_folder()
    return write(run, target, build_stage.load(dataset) if dataset.exists() else None, allow_code=allow_code)


def _checked(values: dict[str, object], kind: type[Config]) -> Config:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{str(error).replace('`', '')}; see the keys of [data].") from None
