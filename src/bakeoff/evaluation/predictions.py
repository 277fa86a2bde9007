"""What runs predicted for labelled images, whichever framework trained them: what all scores are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
from bakeoff.training.run import WEIGHTS, EpochLog, Run, RunStatus


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
        predicted: int64 (N,).
        probabilities: float64 (N, K); None where only the predicted classes are known.
    """

    labels: Labels
    predicted: Labels
    probabilities: npt.NDArray[np.float64] | None = None

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which images are predicted correctly, bool (N,)."""
        correct: npt.NDArray[np.bool_] = self.predicted == self.labels
        return correct


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
        train_loss: Mean cross entropy of its last epoch, in nats; None where that is not known.
        architecture: Of its network; None where that is not known.
        weights_bytes: Size of its file of weights; None where there is none.
        source: Where the predictions are from, for messages.
    """

    variant: str
    seed: int
    splits: Mapping[str, Outputs]
    status: RunStatus = "finished"
    reason: str = ""
    seconds: float | None = None
    train_loss: float | None = None
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
    rows, classes = dataset.rows(split), dataset.info.classes
    present = None
    if dataset.info.selection.objects_known:
        present = np.column_stack([rows["annotated"].list.contains(name).to_numpy() for name in classes])
    clusters = None
    if "file_name" in rows.columns:
        photos = rows["file_name"].map_elements(photo_of, return_dtype=pl.String)
        if photos.n_unique() < len(photos):
            clusters = photos.rank("dense").cast(pl.Int64).to_numpy() - 1
    return LabelledImages(rows["image_id"], rows["label"].to_numpy(), present, clusters)


def predictions_of(run: Run, dataset: Dataset) -> RunPredictions:
    """A run's predictions for the images of its data set.

    Raises:
        StorageError: They are those of other images.
    """
    splits = {split: outputs_of(_table(run, dataset, split)) for split in dataset.info.counts} if run.finished else {}
    losses, weights = [line.train_loss for line in run.log if isinstance(line, EpochLog)], run.folder / WEIGHTS
    return RunPredictions(
        variant=run.spec.variant,
        seed=run.spec.seed,
        splits=splits,
        status=run.record.status,
        reason=run.record.reason,
        seconds=run.record.seconds,
        train_loss=losses[-1] if losses else None,
        architecture=run.record.architecture,
        weights_bytes=weights.stat().st_size if weights.exists() else None,
        source=str(run.folder),
    )


def outputs_of(table: pl.DataFrame) -> Outputs:
    """A table of predictions: label, predicted, and logits or none."""
    probabilities = None
    if "logits" in table.columns and table.height:
        logits = table["logits"].explode().to_numpy().reshape(table.height, -1)
        probabilities = softmax(logits.astype(np.float64), axis=1)
    return Outputs(table["label"].to_numpy(), table["predicted"].to_numpy(), probabilities)


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
