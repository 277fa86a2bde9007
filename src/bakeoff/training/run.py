"""A run, one variant trained with one seed: what determined it, how it ended, what it predicted, and its folder."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import polars as pl

from bakeoff.config.schema import Recipe
from bakeoff.config.tables import Side
from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.display import Displayed
from bakeoff.core.errors import StorageError
from bakeoff.core.geometry import Resize
from bakeoff.core.parquet import decode
from bakeoff.core.seals import check_seal, seal
from bakeoff.core.storage import encode, read_json, write_json
from bakeoff.core.types import Environment
from bakeoff.core.untrusted import check_tree
from bakeoff.models.architecture import Architecture
from bakeoff.models.library_names import is_library

if TYPE_CHECKING:
    from torch import nn

SPEC, RECORD, LOG = "spec.json", "run.json", "log.jsonl"
PREDICTIONS, WEIGHTS, SOURCE = "predictions.parquet", "model.safetensors", "network.py"
IN_CODE = "code:"
"""What the name of a network begins with that was given in code."""
PREDICTIONS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "split": pl.String,
    "image_id": pl.Int64,
    "label": pl.Int64,
    "predicted": pl.Int64,
    "logits": pl.List(pl.Float32),
    "loss": pl.Float64,
}


class RunSpec(msgspec.Struct, frozen=True):
    """What determines a run: the same spec on one machine gives the same bytes; `spec.json`.

    Attributes:
        network: The network's name; of a user's file without its folder: "my_net.py:Class".
        network_digest: Digest of the source file of a user's own network, else empty.
        seed: Seeds the initial weights, the order of the images and the augmentation.
        classes: Class names in the order of the network's outputs.
        size: Height and width of the input, in pixels.
        filter: How a photo is resized, "area" or "linear".
        dataset: The data set's digest.
        resize: How a photo becomes square, as in `geometry.frame`.
        weights_digest: Digest of the file of pretrained weights, else empty.
    """

    variant: str
    network: str
    network_digest: str
    seed: int
    recipe: Recipe
    classes: tuple[str, ...]
    size: Side
    filter: Literal["area", "linear"]
    dataset: str
    device: str
    resize: Resize = "stretch"
    weights_digest: str = ""
    schema: int = 2

    @property
    def chance_loss(self) -> float:
        """The loss, in nats, of giving all classes the same probability: ln K; ln 2 where each stands by itself."""
        return math.log(len(self.classes) if self.recipe.task == "multiclass" else 2)

    @property
    def name(self) -> str:
        """The variant and the seed, as the run's folder is called."""
        return f"{self.variant}-seed{self.seed}"


RunStatus = Literal["finished", "diverged", "failed"]


class RunRecord(msgspec.Struct, frozen=True):
    """How a run ended; `run.json`.

    Attributes:
        status: "finished"; "diverged" where the loss became non-finite; "failed" where it ended with an error.
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training, evaluation after each epoch included.
        epochs: As many as were completed.
        best_epoch: The epoch whose weights were kept, chosen on the holdout; None without one.
        images_per_second: Training images, each epoch's counted, by `seconds`; None where no epoch was completed.
        peak_memory: Bytes: of the GPU what torch had allocated at most, else the peak of the whole process that trained
            it; None where the system does not say.
        pretrained: Whether it started from pretrained weights.
        architecture: None where the network could not be built.
        weights_bytes: Of all its parameters and buffers, shared ones once; None in runs of earlier versions.
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
    pretrained: bool = False
    weights_bytes: int | None = None
    schema: int = 1


class BatchLog(msgspec.Struct, frozen=True, tag="batch"):
    """A line of `log.jsonl`: the mean training loss since the last one, after so many batches; epochs count from 1."""

    epoch: int
    step: int
    loss: float


class EpochLog(msgspec.Struct, frozen=True, tag="epoch"):
    """An evaluated epoch; a line of `log.jsonl`.

    Losses are mean cross entropies in nats, accuracies fractions, 0 to 1. Those of training are taken over the epoch's
    batches as they are trained on (augmented, smoothed, while the weights change), as training loops commonly print
    them; those of validation are taken at the epoch's end in evaluation mode. None where there are no such images.

    Attributes:
        epoch: Epoch, from 1; 0 is the state before training.
        gradient_norms: By layer, from input to output, as `probe` gives them for a fixed batch of training images.
        weight_norms: Likewise, of the weights themselves; empty in older runs.
        activation_scales: Likewise; a layer that is called several times has a number after its name.
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
    weight_norms: Mapping[str, float | None] = {}

    def describe(self, epochs: int) -> str:
        """The epoch in words, of so many."""
        loss = "" if self.train_loss is None else f", loss {self.train_loss:.3f}"
        validation = "" if self.val_accuracy is None else f", validation {100 * self.val_accuracy:.1f} %"
        return f"epoch {self.epoch} of {epochs}{loss}{validation}"


LogLine = BatchLog | EpochLog


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run's final weights predict for the images of its data set; empty where the run did not finish.

    Attributes:
        table: One row per image, in the manifest's order: split str; image_id i64; label i64; predicted i64; logits
            list[f32] (K); loss f64 (of `losses.plain_losses`).
    """

    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PREDICTIONS_SCHEMA))

    def frame(self) -> pl.DataFrame:
        return self.table

    def of(self, split: str) -> pl.DataFrame:
        return self.table.filter(pl.col("split") == split)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predictions) and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # a table has no hash


@dataclass(frozen=True)
class Run(Displayed):
    """One variant trained with one seed.

    Attributes:
        folder: Holds `spec.json`, `run.json`, `log.jsonl`, `predictions.parquet`, `model.safetensors`, and of a user's
            own file `network.py`.
        network: What builds its network, a name for `models.factory.create`; empty where that would run code that the
            caller neither gave nor allowed.
        trained: The network itself, where it was given in code and trained in this process.
    """

    folder: Path
    spec: RunSpec
    record: RunRecord
    log: tuple[LogLine, ...]
    predictions: Predictions
    network: str = ""
    trained: "nn.Module | None" = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def finished(self) -> bool:
        return self.record.status == "finished"

    @property
    def model(self) -> "nn.Module":
        """The trained network, on the CPU in evaluation mode; raises as `trained.load_network` does."""
        from bakeoff.training.trained import load_network

        return load_network(self)


def save_run(folder: Path, run: Run) -> None:
    """Writes a run's records into a folder (its weights are written by whoever trained it)."""
    write_json(folder / SPEC, run.spec)
    write_json(folder / RECORD, run.record)
    write_bytes(folder / LOG, b"".join(encode(line) + b"\n" for line in run.log))
    run.predictions.table.write_parquet(folder / PREDICTIONS)


def save_failure(folder: Path, spec: RunSpec, reason: str) -> None:
    """Writes the folder of a run that ended without leaving one, such as one that was killed."""
    record = RunRecord("failed", reason, 0.0, 0, None, Environment.current())
    with atomic_folder(folder) as partial:
        save_run(partial, Run(folder, spec, record, (), Predictions()))
        seal(partial)


def load_run(folder: Path, network: str = "", *, allow_code: bool = False) -> Run:
    """Reads a run.

    Args:
        folder: Its folder.
        network: The network of its variant, where the caller has that: a name that the caller vouches for.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Raises:
        StorageError: A record is missing, damaged, of another schema, or not as it was written.
    """
    check_tree(folder)
    if not (folder / SPEC).exists():
        raise StorageError(
            f"{folder} is not a run's folder: {SPEC} is missing. If it is what is left of a run, remove it and run "
            "again."
        )
    check_seal(folder, SPEC, RECORD, LOG, PREDICTIONS)
    spec, record = read_json(folder / SPEC, RunSpec, folder), read_json(folder / RECORD, RunRecord, folder)
    log, predictions = _read_log(folder / LOG), _read_predictions(folder / PREDICTIONS)
    if record.epochs != last_epoch(log):
        raise _damaged(folder / LOG, f"it ends with epoch {last_epoch(log)}, the run with epoch {record.epochs}")
    if not all(line.weight_norms.keys() <= line.gradient_norms.keys() for line in log if isinstance(line, EpochLog)):
        raise _damaged(folder / LOG, "it holds layers without a gradient")
    return Run(
        folder, spec, record, log, Predictions(predictions), network or _stored_network(folder, spec, allow_code)
    )


def _stored_network(folder: Path, spec: RunSpec, allow_code: bool) -> str:
    """What builds a stored run's network; never a path or module that only its spec names, unless that is allowed."""
    source, _, target = spec.network.rpartition(":")
    if not source or is_library(spec.network):
        return spec.network
    if not allow_code:
        return ""
    return f"{folder / SOURCE}:{target}" if (folder / SOURCE).exists() else spec.network


def last_epoch(log: Iterable[LogLine]) -> int:
    """The last epoch that was completed."""
    return max((line.epoch for line in log if isinstance(line, EpochLog)), default=0)


def _read_log(path: Path) -> tuple[LogLine, ...]:
    try:
        return tuple(msgspec.json.Decoder(LogLine).decode_lines(path.read_bytes()))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path, error) from None


def _read_predictions(path: Path) -> pl.DataFrame:
    try:
        predictions = decode(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from None
    if dict(predictions.schema) != PREDICTIONS_SCHEMA:
        raise _damaged(path, "it has other columns than a run writes")
    return predictions


def _damaged(path: Path, reason: object) -> StorageError:
    why = "it is missing" if isinstance(reason, FileNotFoundError) else reason
    return StorageError(f"{path} is damaged: {why}. Remove {path.parent} and run again.")
