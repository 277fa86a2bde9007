"""What runs predicted for labelled images, whichever framework trained them: what all scores are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import softmax

from bakeoff.core.errors import StorageError
from bakeoff.core.geometry import photo_of
from bakeoff.core.storage import digest
from bakeoff.core.types import TEST, TRAIN, VAL, Labels
from bakeoff.data.build.dataset import Dataset
from bakeoff.models.architecture import Architecture, Traits
from bakeoff.training.run import EpochLog, Run, RunStatus

Scoring = Literal["label", "label and ranks", "exact match"]
"""What counts as correct: the most likely class is the label; the same, with average precision beside it, where some
networks were trained on all classes of an image; or exactly the image's classes are predicted, where all were."""


@dataclass(frozen=True)
class LabelledImages:
    """The images of a split.

    Attributes:
        ids: Their ids, (N,).
        labels: int64 (N,), 0 to K-1.
        present: bool (N, K): which classes are annotated in each; None where that is not known.
        clusters: int64 (N,): the photo that each is from, 0 to C-1; None where every image is a photo of its own.
    """

    ids: pl.Series
    labels: Labels
    present: npt.NDArray[np.bool_] | None = None
    clusters: npt.NDArray[np.int64] | None = None

    @cached_property
    def digest(self) -> str:
        """Of their ids and labels, in their order: what makes two splits the same to be scored on."""
        return digest(self.ids.cast(pl.String).to_list(), self.labels.tolist())


@dataclass(frozen=True)
class Outputs:
    """What one run predicts for the images of a split.

    Attributes:
        labels: int64 (N,): the true classes.
        predicted: int64 (N,): the most likely classes.
        probabilities: float64 (N, K), of which each row adds up to 1; None where they are not known.
        present: bool (N, K): the classes of each image, where a network was trained on all of them.
        named: bool (N, K): the classes that are predicted, each with a probability above one half; None where the most
            likely one counts.
        ranks: float64 (N, K): what orders the images by each class; None where average precision is not asked for.
    """

    labels: Labels
    predicted: Labels
    probabilities: npt.NDArray[np.float64] | None = None
    present: npt.NDArray[np.bool_] | None = None
    named: npt.NDArray[np.bool_] | None = None
    ranks: npt.NDArray[np.float64] | None = None

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which images are predicted correctly, bool (N,); of several classes all, and no other (exact match)."""
        if self.present is None or self.named is None:
            return np.asarray(self.predicted == self.labels)
        return np.asarray((self.present == self.named).all(axis=1))

    def is_class(self, label: int) -> npt.NDArray[np.bool_]:
        """Which images are of a class, bool (N,)."""
        if self.present is None or self.named is None:
            return np.asarray(self.labels == label)
        return self.present[:, label]

    def names_class(self, label: int) -> npt.NDArray[np.bool_]:
        """For which images a class is predicted, bool (N,)."""
        return np.asarray(self.predicted == label) if self.named is None else self.named[:, label]


@dataclass(frozen=True)
class RunPredictions:
    """One run of a variant.

    Attributes:
        variant: The variant's name.
        seed: The run's seed.
        splits: By split what it predicts; empty where it did not finish.
        status: How it ended.
        reason: Why it did not finish, else empty.
        seconds: Wall time of the training; None where that is not known.
        train_loss: Mean cross entropy of the weights that are evaluated over the training images as they are, in nats;
            None where that is not known.
        last_loss: Mean loss of its last epoch's batches, in nats; None where that is not known.
        architecture: Of its network; None where that is not known.
        weights_bytes: Of its parameters and buffers; None where that is not known.
        source: Where the predictions are from, for messages.
    """

    variant: str
    seed: int
    splits: Mapping[str, Outputs]
    status: RunStatus = "finished"
    reason: str = ""
    seconds: float | None = None
    train_loss: float | None = None
    last_loss: float | None = None
    architecture: Architecture | None = None
    weights_bytes: int | None = None
    source: str = ""

    @property
    def traits(self) -> Traits:
        """What the network declares of itself."""
        return self.architecture.traits if self.architecture else Traits()


def images_by_split(dataset: Dataset) -> dict[str, LabelledImages]:
    """The images of a data set's validation and test split, as far as it has them."""
    return {split: labelled_images(dataset, split) for split in (VAL, TEST) if split in dataset.info.counts}


def labelled_images(dataset: Dataset, split: str) -> LabelledImages:
    """The images of a data set's split."""
    rows = dataset.rows(split)
    present = dataset.present(split) if dataset.info.selection.objects_known else None
    clusters = None
    if "file_name" in rows.columns:
        photos = rows["file_name"].map_elements(photo_of, return_dtype=pl.String)
        if photos.n_unique() < len(photos):
            clusters = photos.rank("dense").cast(pl.Int64).to_numpy() - 1
    return LabelledImages(rows["image_id"], rows["label"].to_numpy(), present, clusters)


def predictions_of(run: Run, dataset: Dataset, scoring: Scoring = "label") -> RunPredictions:
    """A run's predictions for the images of its data set.

    Args:
        run: The run.
        dataset: What it was trained on.
        scoring: What counts as correct.

    Raises:
        StorageError: They are those of other images.
    """
    splits = {split: _outputs(run, dataset, split, scoring) for split in dataset.info.counts} if run.finished else {}
    losses = [line.train_loss for line in run.log if isinstance(line, EpochLog)]
    return RunPredictions(
        variant=run.spec.variant,
        seed=run.spec.seed,
        splits=splits,
        status=run.record.status,
        reason=run.record.reason,
        seconds=run.record.seconds,
        train_loss=run.predictions.of(TRAIN).select(pl.col("loss").mean()).item() if run.finished else None,
        last_loss=losses[-1] if losses else None,
        architecture=run.record.architecture,
        weights_bytes=run.record.weights_bytes,
        source=str(run.folder),
    )


def _outputs(run: Run, dataset: Dataset, split: str, scoring: Scoring) -> Outputs:
    table = _table(run, dataset, split)
    own = outputs_of(table)
    if scoring == "label" or not table.height:
        return own
    if run.spec.recipe.task == "multiclass":
        return replace(own, ranks=own.probabilities)
    logits = _logits(table)
    kept = dataset.rows(split)["image_id"].is_in(table["image_id"].implode()).to_numpy()
    named = logits > 0 if scoring == "exact match" else None
    return Outputs(own.labels, own.predicted, None, dataset.present(split)[kept], named, logits)


def outputs_of(table: pl.DataFrame) -> Outputs:
    """A table of predictions: label, predicted, and logits or none."""
    probabilities = None
    if "logits" in table.columns and table.height:
        probabilities = softmax(_logits(table), axis=1)
    return Outputs(table["label"].to_numpy(), table["predicted"].to_numpy(), probabilities)


def _logits(table: pl.DataFrame) -> npt.NDArray[np.float64]:
    return table["logits"].explode().to_numpy().reshape(table.height, -1).astype(np.float64)


def _table(run: Run, dataset: Dataset, split: str) -> pl.DataFrame:
    """The run's predictions of a split: those of the data set's images in order, or of those it was trained on."""
    own, rows = run.predictions.of(split), dataset.rows(split)
    if split == TRAIN and (run.spec.recipe.train_fraction < 1 or run.spec.recipe.holdout_fraction):
        rows = rows.join(own.select("image_id"), on="image_id", how="semi", maintain_order="left")
    columns = ("image_id", "label")
    if run.spec.dataset != dataset.info.digest or not own.select(columns).equals(rows.select(columns)):
        raise StorageError(
            f"the run in {run.folder} was made on another data set than {dataset.folder}; train it again."
        )
    return own


def group(runs: Sequence[RunPredictions]) -> dict[str, list[RunPredictions]]:
    """The runs by variant, in the order of each variant's first run.

    Raises:
        StorageError: Two runs are the same.
    """
    by_variant: dict[str, list[RunPredictions]] = {}
    for run in runs:
        own = by_variant.setdefault(run.variant, [])
        if twin := next((other for other in own if other.seed == run.seed), None):
            raise StorageError(
                f"{twin.source} and {run.source} are both {run.variant} with seed {run.seed}; remove the one that was "
                "copied and train again."
            )
        own.append(run)
    return by_variant
