"""One network trained with one seed, and what it says of photos."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import polars as pl

from bakeoff.config.schema import Recipe
from bakeoff.core.geometry import Resize
from bakeoff.core.types import Environment
from bakeoff.models.architecture import Architecture

if TYPE_CHECKING:
    from torch import nn


class RunSpec(msgspec.Struct, frozen=True):
    """What determines a run: the same spec on one machine gives the same bytes; `spec.json`.

    Attributes:
        variant: Name of the variant.
        network: The network's name as the experiment gives it.
        network_digest: Digest of the source file of a user's own network, else empty.
        seed: Seeds the initial weights, the order of the images and the augmentation.
        recipe: How it is trained.
        classes: Class names in the order of the network's outputs.
        size: Height and width of the input, in pixels.
        filter: How a photo is resized, "area" or "linear".
        dataset: The data set's digest.
        device: "cpu", "cuda" or "mps".
        resize: How a photo becomes square, as in `geometry.frame`.
    """

    variant: str
    network: str
    network_digest: str
    seed: int
    recipe: Recipe
    classes: tuple[str, ...]
    size: int
    filter: Literal["area", "linear"]
    dataset: str
    device: str
    resize: Resize = "stretch"
    schema: int = 2


RunStatus = Literal["finished", "diverged", "failed"]


class RunRecord(msgspec.Struct, frozen=True):
    """How a run ended; `run.json`.

    Attributes:
        status: "finished"; "diverged" where the loss became non-finite; "failed" where it ended with an error.
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training, evaluation after each epoch included.
        epochs: Epochs that were completed.
        best_epoch: The epoch whose weights were kept, chosen on the holdout; null without one.
        images_per_second: Training images, each epoch's counted, by `seconds`; null where no epoch was completed.
        peak_memory: Bytes: of the GPU what torch had allocated at most, else the peak of the whole process that trained
            it; null where the system does not tell.
        architecture: The network's layers and sizes; null where the network could not be built.
        environment: What it was made with.
    """

    status: RunStatus
    reason: str
    seconds: float
    epochs: int
    architecture: Architecture | None
    environment: Environment
    best_epoch: int | None = None
    images_per_second: float | None = None
    peak_memory: int | None = None
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
    """An epoch (0: before training); a line of `log.jsonl`.

    Losses are mean cross entropies in nats, accuracies shares, 0 to 1. Those of training are taken over the epoch's
    batches as they are trained on (augmented, smoothed, while the weights change), as training loops commonly print
    them; those of validation are taken at the epoch's end in evaluation mode. Gradient norms and activation scales are
    by layer, from input to output, at the epoch's end, over a fixed batch of training images: the L2 norm of the loss's
    gradient by the layer's weight, and the mean over the layer's units of the standard deviation of the output over the
    images; null where not finite.

    Attributes:
        epoch: Epoch, from 1; 0 is the state before training.
        train_loss: Null at epoch 0.
        train_accuracy: Null at epoch 0.
        val_loss: Null without validation images.
        val_accuracy: Null without validation images.
        holdout_loss: Null without a holdout.
        gradient_norms: By layer name.
        activation_scales: By layer name; a layer called several times has a number after it.
        seconds: Wall time since the start of the run.
    """

    epoch: int
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    gradient_norms: Mapping[str, float | None]
    activation_scales: Mapping[str, float | None]
    seconds: float
    holdout_loss: float | None = None


LogLine = BatchLog | EpochLog


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run's final weights say of its images, in the manifest's order.

    Attributes:
        table: One row per image: split str; image_id i64; label i64; predicted i64; logits list[f32] (K); loss f64
            (cross entropy in nats). Empty where the run did not finish.
    """

    table: pl.DataFrame

    def frame(self) -> pl.DataFrame:
        """The table."""
        return self.table

    def of(self, split: str) -> pl.DataFrame:
        """The rows of one split."""
        return self.table.filter(pl.col("split") == split)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predictions) and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # a table has no hash


@dataclass(frozen=True)
class Run:
    """One network trained with one seed, on disk.

    Attributes:
        folder: Holds `spec.json`, `run.json`, `log.jsonl`, `predictions.parquet`, `model.safetensors`.
        spec: What determined it.
        record: How it ended.
        log: Its lines, in order.
        predictions: What it says of the images of its data set.
    """

    folder: Path
    spec: RunSpec
    record: RunRecord
    log: tuple[LogLine, ...]
    predictions: Predictions

    @property
    def name(self) -> str:
        """The network's name and the seed, as in the run's folder."""
        return self.folder.name

    @cached_property
    def model(self) -> "nn.Module":
        """The network with its trained weights, in evaluation mode, on the CPU.

        Raises:
            StorageError: The run did not finish, or its weights are missing, damaged or not those of the network.
            NetworkError: The network can't be built any more.
        """
        from bakeoff.training.inference import load_network

        return load_network(self).eval()

    @property
    def finished(self) -> bool:
        """Whether it was trained to its end."""
        return self.record.status == "finished"


class Prediction(msgspec.Struct, frozen=True):
    """What a trained network says of one photo.

    Attributes:
        photo: The photo's path.
        probabilities: By class, in the order of the labels, adding up to 1; empty where the photo can't be read.
        error: Why the photo can't be read, else empty.
    """

    photo: str
    probabilities: Mapping[str, float] = {}
    error: str = ""
