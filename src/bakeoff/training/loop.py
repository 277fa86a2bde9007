"""The training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bakeoff.config import Recipe
from bakeoff.records import BatchLog, EpochLog, LogLine
from bakeoff.training.augmentation import Mixture, cutmix
from bakeoff.training.batches import Split, to_input
from bakeoff.training.optimization import make_optimizer, make_schedule
from bakeoff.training.probe import PROBE_IMAGES, probe

EVALUATION_BATCH = 256
PROGRESS_STEPS = 20

Progress = Callable[[int, int], None]
"""Called now and then with the steps done and the steps in all."""


class DivergedError(Exception):
    """The loss is no longer a finite number."""


def fit(
    network: nn.Module,
    train: Split,
    val: Split,
    recipe: Recipe,
    generator: torch.Generator,
    keep: Callable[[LogLine], None],
    progress: Progress,
) -> None:
    """Trains a network in place.

    Args:
        network: On the device of the splits.
        train: What it learns from.
        val: What it is measured on after each epoch; may be empty.
        recipe: How it is trained.
        generator: Draws the order of the images and the augmentation.
        keep: Given the log: a line for the state before training, one for each `recipe.log_every` batches, one for each
            epoch.
        progress: Told of the steps.

    Raises:
        DivergedError: The mean loss since the last line is not finite.
    """
    start = time.perf_counter()
    optimizer = make_optimizer(network, recipe)
    steps = recipe.epochs * math.ceil(len(train) / recipe.batch_size)
    schedule = make_schedule(optimizer, recipe, steps)
    mean = _average(network, recipe)
    curve = _Curve(recipe.log_every, train.labels.device)
    keep(_epoch_line(0, network, train, val, None, start))
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        totals = torch.zeros(2, device=train.labels.device, dtype=torch.float64)
        for inputs, labels in train.epoch(recipe, generator):
            inputs, mixture = cutmix(inputs, labels, recipe, generator)
            with torch.autocast(inputs.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
                logits = network(inputs)
            loss = _loss(logits.float(), labels, mixture, recipe)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if mean:
                mean.update_parameters(network)
            step += 1
            totals += _batch_totals(logits, labels, loss)
            curve.add(loss)
            if curve.full or step == steps:
                keep(BatchLog(epoch=epoch, step=step, loss=curve.take()))
            if step % PROGRESS_STEPS == 0 or step == steps:
                progress(step, steps)
        keep(_epoch_line(epoch, mean.module if mean else network, train, val, totals / len(train), start))
    if mean:
        network.load_state_dict(mean.module.state_dict())


def _average(network: nn.Module, recipe: Recipe) -> AveragedModel | None:
    """The running mean of a network's weights, if the recipe asks (Polyak, SIAM J. Control Optim. 30, 1992)."""
    if not recipe.average:
        return None
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True)


def evaluate(network: nn.Module, split: Split) -> Tensor:
    """The network's logits in evaluation mode for all images of a split: float32 (N, K) on the CPU."""
    network.eval()
    with torch.inference_mode():
        batches = [network(inputs).detach().float().cpu() for inputs, _ in split.in_order(EVALUATION_BATCH)]
    return torch.cat(batches)


@dataclass
class _Curve:
    """The mean loss since it was last taken; one synchronisation with the device a line, not a batch."""

    every: int
    device: torch.device
    batches: int = 0

    def __post_init__(self) -> None:
        self.total = torch.zeros((), device=self.device, dtype=torch.float64)

    @property
    def full(self) -> bool:
        return self.batches == self.every

    def add(self, loss: Tensor) -> None:
        self.total += loss.detach()
        self.batches += 1

    def take(self) -> float:
        mean = self.total.item() / self.batches
        if not math.isfinite(mean):
            raise DivergedError(f"the training loss became {mean}")
        self.total.zero_()
        self.batches = 0
        return mean


def _loss(logits: Tensor, labels: Tensor, mixture: Mixture | None, recipe: Recipe) -> Tensor:
    loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if mixture:
        other = functional.cross_entropy(logits, mixture.labels, label_smoothing=recipe.label_smoothing)
        loss = (1 - mixture.share) * loss + mixture.share * other
    return loss


def _batch_totals(logits: Tensor, labels: Tensor, loss: Tensor) -> Tensor:
    """The batch's summed loss and right predictions: float64 (2,)."""
    right = (logits.detach().argmax(1) == labels).sum()
    return torch.stack([loss.detach().double() * len(labels), right.double()])


def _epoch_line(
    epoch: int, network: nn.Module, train: Split, val: Split, means: Tensor | None, start: float
) -> EpochLog:
    rows = torch.linspace(0, len(train) - 1, min(PROBE_IMAGES, len(train))).long().to(train.labels.device)
    norms, scales = probe(network, to_input(train.images[rows]), train.labels[rows])
    train_loss, train_accuracy = means.tolist() if means is not None else (None, None)
    val_loss, val_accuracy = _validate(network, val)
    return EpochLog(
        epoch=epoch,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        gradient_norms=norms,
        activation_scales=scales,
        seconds=time.perf_counter() - start,
    )


def _validate(network: nn.Module, val: Split) -> tuple[float | None, float | None]:
    if not len(val):
        return None, None
    logits, labels = evaluate(network, val), val.labels.cpu()
    loss = functional.cross_entropy(logits, labels).item()
    if not math.isfinite(loss):
        raise DivergedError(f"the validation loss became {loss}")
    return loss, (logits.argmax(1) == labels).double().mean().item()
