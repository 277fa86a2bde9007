"""Training images that a run did not see, and how well it does on them."""

import numpy as np
import numpy.typing as npt

from bakeoff.core.types import TRAIN
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.batches import Split, subset
from bakeoff.training.device import choose_device, reproducible, to_device
from bakeoff.training.loop import evaluate
from bakeoff.training.losses import correct, plain_losses
from bakeoff.training.run import Run
from bakeoff.training.trained import load_network


def unseen(dataset: Dataset, fraction: float, part: float) -> npt.NDArray[np.int64]:
    """Rows of the training split that are in a `train_fraction`, but not in a smaller one: int64 (N,)."""
    labels = dataset.labels[TRAIN]
    return np.setdiff1d(subset(labels, fraction), subset(labels, part))


def score(run: Run, dataset: Dataset, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
    """A finished run's accuracy, 0 to 1, and mean loss, in nats, on rows of the training split, as its task has them.

    Raises:
        StorageError: Its weights are missing or damaged.
    """
    recipe, device = run.spec.recipe, choose_device(run.spec.device)
    present = dataset.present(TRAIN)[rows] if recipe.task == "multilabel" else None
    split = Split(dataset.shards(TRAIN).take(rows), dataset.labels[TRAIN][rows], device, present)
    with reproducible(run.spec.seed, recipe.threads, device):
        logits = evaluate(to_device(load_network(run), device), split, recipe)
    targets = split.targets.cpu()
    return correct(logits, targets).double().mean().item(), plain_losses(logits, targets).mean().item()
