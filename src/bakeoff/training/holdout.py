"""Training images that a run did not see, and how well it does on them."""

import numpy as np
import numpy.typing as npt

from bakeoff.core.types import TRAIN
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.batches import subset
from bakeoff.training.device import choose_device, reproducible
from bakeoff.training.run import Run
from bakeoff.training.trained import probabilities


def unseen(dataset: Dataset, fraction: float, part: float) -> npt.NDArray[np.int64]:
    """Rows of the training split that are in a `train_fraction`, but not in a smaller one: int64 (N,)."""
    labels = dataset.labels[TRAIN]
    return np.setdiff1d(subset(labels, fraction), subset(labels, part))


def score(run: Run, dataset: Dataset, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
    """A finished run's accuracy, 0 to 1, and mean negative log-likelihood, in nats, on rows of the training split."""
    images, labels = np.asarray(dataset.images[TRAIN])[rows], dataset.labels[TRAIN][rows]
    with reproducible(run.spec.seed, run.spec.recipe.threads, choose_device(run.spec.device)):
        given = probabilities(run, images, run.spec.device)
    right = given[np.arange(len(labels)), labels].clip(min=np.finfo(np.float32).tiny)
    return float((given.argmax(axis=1) == labels).mean()), float(-np.log(right.astype(np.float64)).mean())
