"""What the stages hand on: frozen records, each of which is also a file or folder on disk.

Tables are polars frames; their columns are listed at the record that holds them. Labels are indices into the record's
`classes`. Everything else is a `msgspec.Struct` stored as JSON.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.config import Recipe, SelectionConfig

TRAIN, VAL = "train", "val"
SPLITS = (TRAIN, VAL)

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class Problem(msgspec.Struct, frozen=True):
    """Something in an instances file that is not as it should be, and what was done about it.

    Attributes:
        code: A short name, such as "unknown-image".
        count: How many entries have it.
        message: One sentence with examples, and what was done.
    """

    code: str
    count: int
    message: str


class License(msgspec.Struct, frozen=True):
    """A licence of photos, as the instances file names it."""

    id: int
    name: str = ""
    url: str = ""


class IndexInfo(msgspec.Struct, frozen=True):
    """Where an index comes from.

    Attributes:
        source: Path of the instances file.
        digest: Digest of the file's bytes.
        licenses: The licences that the file lists.
        problems: What was found wrong in it.
    """

    source: str
    digest: str
    licenses: tuple[License, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Index:
    """A COCO instances file as columns.

    Attributes:
        info: Where it comes from.
        images: image_id i64 (unique, ascending), file_name str, width i32, height i32, license i64 or null,
            url str or null.
        annotations: annotation_id i64, image_id i64, category_id i64, x f64, y f64, width f64, height f64 (pixels),
            area f64 (square pixels), crowd bool; ascending by image_id, then annotation_id.
        categories: category_id i64 (unique, ascending), name str, supercategory str.
    """

    info: IndexInfo
    images: pl.DataFrame
    annotations: pl.DataFrame
    categories: pl.DataFrame


class SelectionInfo(msgspec.Struct, frozen=True):
    """How a selection was made.

    Attributes:
        config: The classes, quotas and policy.
        source: Path of the instances file.
        source_digest: Digest of the instances file's bytes.
        digest: Digest of `config` and `source_digest`: what makes two selections the same.
        licenses: The licences that the instances file lists.
    """

    config: SelectionConfig
    source: str
    source_digest: str
    digest: str
    licenses: tuple[License, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The images chosen, and what became of every image that holds a target class.

    Attributes:
        info: How it was made.
        ledger: One row for each image with an annotation of a target class, ascending by image_id:
            image_id i64; file_name str; width, height i32; license i64 or null; url str or null;
            annotated list[str]: the target classes annotated in the image, crowd and small ones too;
            boxes list[struct(label str; x, y, width, height f32 as shares of the image; crowd bool)];
            eligible list[str]: the classes under which the policy could take the image;
            order i64: the policy's order, the lower the earlier (null where nothing is eligible);
            status str: "chosen", "dropped", or, after a data set was built, "unreadable";
            reason str; split str or null; label str or null.
    """

    info: SelectionInfo
    ledger: pl.DataFrame

    @property
    def classes(self) -> tuple[str, ...]:
        """The target classes, in the order of their labels."""
        return self.info.config.classes

    @property
    def chosen(self) -> pl.DataFrame:
        """The ledger's chosen rows: training first, then by class, then by image id."""
        rank = {name: position for position, name in enumerate(self.classes)}
        splits = {name: position for position, name in enumerate(SPLITS)}
        return (
            self.ledger.filter(pl.col("status") == "chosen")
            .with_columns(
                pl.col("split").replace_strict(splits, return_dtype=pl.Int8).alias("_split"),
                pl.col("label").replace_strict(rank, return_dtype=pl.Int32).alias("_label"),
            )
            .sort("_split", "_label", "image_id")
            .drop("_split", "_label")
        )

    @property
    def spares(self) -> pl.DataFrame:
        """The ledger's rows that the policy could have taken, in the policy's order."""
        return self.ledger.filter((pl.col("status") == "dropped") & (pl.col("eligible").list.len() > 0)).sort("order")


class Source(Protocol):
    """Where the bytes of photos come from; sent to worker processes, so it must pickle."""

    def read(self, file_name: str) -> bytes:
        """The bytes of one photo.

        Args:
            file_name: As the instances file has it; never trusted.

        Raises:
            ImageError: There is no such photo, or it can't be read.
        """
        ...

    def describe(self) -> str:
        """Where it reads, for messages."""
        ...


class DatasetInfo(msgspec.Struct, frozen=True):
    """What a data set is and how it was made; `dataset.json`.

    Attributes:
        classes: Class names in the order of their labels.
        size: Height and width of the images, in pixels.
        filter: How they were resized, "area" or "linear".
        quality: JPEG quality of the copies in `images/`.
        counts: Images of each split.
        selection: How the images were selected.
        photos: Where the photos were read.
        unreadable: How many photos could not be used and were replaced.
        digest: Digest of the pixels, labels and annotated classes: what makes two data sets the same.
        request: Digest of the selection and the image settings: what makes a build unnecessary.
        versions: Versions of the libraries that decoded and resized.
    """

    classes: tuple[str, ...]
    size: int
    filter: Literal["area", "linear"]
    quality: int
    counts: Mapping[str, int]
    selection: SelectionInfo
    photos: str
    unreadable: int
    digest: str
    request: str
    versions: Mapping[str, str]
    schema: int = 1


@dataclass(frozen=True)
class Dataset:
    """A classification data set on disk.

    Attributes:
        folder: Holds `dataset.json`, `manifest.parquet`, `ledger.parquet`, `train.npy`, `val.npy`, `images/`.
        info: What it is and how it was made.
        manifest: One row an image, training first, in the order of the arrays: split str; position i64 (row in the
            split's array); image_id i64; file_name str; label i64; annotated list[str]; boxes as in the ledger;
            width, height i32 (of the photo); license i64 or null; url str or null; image str (path of the JPEG copy);
            source_digest str (of the photo's bytes).
        ledger: The selection's ledger with what became of the photos.
    """

    folder: Path
    info: DatasetInfo
    manifest: pl.DataFrame
    ledger: pl.DataFrame

    @cached_property
    def images(self) -> Mapping[str, Images]:
        """For each split its images, uint8 (N, size, size, 3), RGB, memory-mapped."""
        return {split: np.load(self.folder / f"{split}.npy", mmap_mode="r", allow_pickle=False) for split in SPLITS}

    @cached_property
    def labels(self) -> Mapping[str, Labels]:
        """For each split its labels, int64 (N,), 0 to K-1."""
        return {split: self.rows(split)["label"].to_numpy() for split in SPLITS}

    def rows(self, split: str) -> pl.DataFrame:
        """The manifest's rows of one split, in the order of its array."""
        return self.manifest.filter(pl.col("split") == split)


class Environment(msgspec.Struct, frozen=True):
    """What a result was made with.

    Attributes:
        python: Python's version.
        platform: Operating system and processor architecture.
        processors: How many processors the machine has.
        versions: Version of each library that decides about numbers.
    """

    python: str
    platform: str
    processors: int
    versions: Mapping[str, str]

    @classmethod
    def current(cls) -> "Environment":
        """This process's environment."""
        names = ("bakeoff", "torch", "numpy", "polars", "pillow", "opencv-python-headless", "scikit-learn")
        return cls(
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            processors=os.cpu_count() or 1,
            versions={name: version(name) for name in names},
        )


class Layer(msgspec.Struct, frozen=True):
    """One call of one layer during a forward pass.

    Attributes:
        name: The layer's path in the module, such as "features.0".
        kind: The layer's class, such as "Conv2d".
        settings: What defines it, such as "3→16, kernel 3, padding 1".
        output: Shape of its output without the batch: (C, H, W) or (features,).
        parameters: Learnable parameters; 0 where an earlier row counted them (shared weights).
        shared: Whether an earlier row counted its parameters.
        macs: Multiply-accumulate operations for one image.
        receptive_field: Side of the input square that one output unit depends on, in pixels, not clipped to the
            image; null for outputs without height and width.
    """

    name: str
    kind: str
    settings: str
    output: tuple[int, ...]
    parameters: int
    shared: bool
    macs: int
    receptive_field: int | None


class Architecture(msgspec.Struct, frozen=True):
    """What can be said of a network without training it.

    Attributes:
        parameters: Learnable parameters.
        macs: Multiply-accumulate operations for one image (convolutions and linear layers).
        receptive_field: The largest receptive field of a unit with height and width, in pixels, not clipped to the
            image; 0 where no layer has one.
        layers: One row a call of a layer, in the order of the calls.
    """

    parameters: int
    macs: int
    receptive_field: int
    layers: tuple[Layer, ...]


class RunSpec(msgspec.Struct, frozen=True):
    """What determines a run: the same spec on one machine gives the same bytes; `spec.json`.

    Attributes:
        network: The network's name as the experiment gives it.
        network_digest: Digest of the source file of a user's own network, else empty.
        seed: Seeds the initial weights, the order of the images and the augmentation.
        recipe: How it is trained.
        classes: Class names in the order of the network's outputs.
        size: Height and width of the input, in pixels.
        filter: How a photo is resized, "area" or "linear".
        dataset: The data set's digest.
        device: "cpu", "cuda" or "mps".
    """

    network: str
    network_digest: str
    seed: int
    recipe: Recipe
    classes: tuple[str, ...]
    size: int
    filter: Literal["area", "linear"]
    dataset: str
    device: str
    schema: int = 1


RunStatus = Literal["finished", "diverged", "failed"]


class RunRecord(msgspec.Struct, frozen=True):
    """How a run ended; `run.json`.

    Attributes:
        status: "finished"; "diverged" where the loss became non-finite; "failed" where it ended with an error.
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training, evaluation of both splits after each epoch included.
        epochs: Epochs that were completed.
        architecture: The network's layers and sizes; null where the network could not be built.
        environment: What it was made with.
    """

    status: RunStatus
    reason: str
    seconds: float
    epochs: int
    architecture: Architecture | None
    environment: Environment
    schema: int = 1


class BatchLog(msgspec.Struct, frozen=True, tag="batch"):
    """A point of the loss curve: a line of `log.jsonl`.

    Attributes:
        epoch: Epoch, from 1.
        step: Batches seen by all epochs so far.
        loss: Mean training loss of the batches since the last point.
    """

    epoch: int
    step: int
    loss: float


class EpochLog(msgspec.Struct, frozen=True, tag="epoch"):
    """The state after an epoch (0: before training); a line of `log.jsonl`.

    Losses are mean cross entropies in nats without label smoothing; accuracies are shares, 0 to 1; both of the weights at
    the epoch's end, in evaluation mode. Gradient norms and activation scales are by layer, from input to output, over a
    fixed batch of training images: the L2 norm of the loss's gradient by the layer's weight, and the standard deviation of
    the layer's output.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    gradient_norms: Mapping[str, float]
    activation_scales: Mapping[str, float]
    seconds: float


LogLine = BatchLog | EpochLog


@dataclass(frozen=True)
class Run:
    """One network trained with one seed, on disk.

    Attributes:
        folder: Holds `spec.json`, `run.json`, `log.jsonl`, `predictions.parquet`, `model.safetensors`.
        spec: What determined it.
        record: How it ended.
        log: Its lines, in order.
        predictions: One row an image, in the manifest's order: split str; image_id i64; label i64; predicted i64;
            logits list[f32] (K); loss f64 (cross entropy in nats). Empty where the run did not finish.
    """

    folder: Path
    spec: RunSpec
    record: RunRecord
    log: tuple[LogLine, ...]
    predictions: pl.DataFrame

    @property
    def name(self) -> str:
        """The network's name and the seed, as in the run's folder."""
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether it was trained to its end."""
        return self.record.status == "finished"


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """A confidence interval; `[low, high]` in JSON."""

    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """A mean over seeds.

    Attributes:
        mean: The mean over the finished runs; null without any.
        interval: The 95 % t interval over seeds; null with fewer than two.
    """

    mean: float | None
    interval: Interval | None


class ClassScores(msgspec.Struct, frozen=True):
    """A line of the classification report; `name` is a class, "macro avg" or "weighted avg"; shares are 0 to 1."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


class RunScores(msgspec.Struct, frozen=True):
    """One run's scores on the validation split, and its training accuracy; null where the run did not finish.

    Attributes:
        seed: The run's seed.
        status: "finished", "diverged" or "failed".
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training.
        train_accuracy: Share of training images predicted right, 0 to 1.
        train_interval: Its 95 % Wilson interval.
        val_accuracy: Share of validation images predicted right, 0 to 1.
        val_interval: Its 95 % Wilson interval.
        any_label_accuracy: Share of validation images in which the predicted class is annotated, 0 to 1.
        any_label_interval: Its 95 % Wilson interval.
        confusion: Counts, K x K; rows are true classes, columns predicted ones.
        report: A line a class, then "macro avg" and "weighted avg".
    """

    seed: int
    status: RunStatus
    reason: str
    seconds: float
    train_accuracy: float | None = None
    train_interval: Interval | None = None
    val_accuracy: float | None = None
    val_interval: Interval | None = None
    any_label_accuracy: float | None = None
    any_label_interval: Interval | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    report: tuple[ClassScores, ...] = ()


class NetworkScores(msgspec.Struct, frozen=True):
    """One network's scores over its seeds.

    Attributes:
        name: The network's name.
        architecture: Its layers and sizes; null where it could not be built.
        runs: Its runs, by seed.
        train_accuracy: Over the finished runs.
        val_accuracy: Over the finished runs.
        any_label_accuracy: Over the finished runs.
        seconds: Mean wall time of the finished runs; null without any.
    """

    name: str
    architecture: Architecture | None
    runs: tuple[RunScores, ...]
    train_accuracy: Estimate
    val_accuracy: Estimate
    any_label_accuracy: Estimate
    seconds: float | None


class Comparison(msgspec.Struct, frozen=True):
    """All scores of an experiment; `comparison.json`.

    Attributes:
        classes: Class names in the order of the labels.
        dataset: The data set's digest.
        counts: Images of each split.
        networks: In the experiment's order.
        pairs: Paired tests between networks.
        findings: Diagnoses.
    """

    classes: tuple[str, ...]
    dataset: str
    counts: Mapping[str, int]
    networks: tuple[NetworkScores, ...]
    pairs: tuple[Any, ...] = ()
    findings: tuple[Any, ...] = ()
    schema: int = 1
