"""The training loop."""

import math
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.config.schema import Recipe
from bakeoff.core.types import TRAIN, VAL
from bakeoff.training.batches import Split, to_input
from bakeoff.training.checkpoint import Checkpoint
from bakeoff.training.cuda_graph import RecordedStep, can_be_recorded
from bakeoff.training.observer import Observer
from bakeoff.training.probe import PROBE_IMAGES, probe
from bakeoff.training.run import BatchLog, EpochLog, LogLine
from bakeoff.training.state import DivergedError, TrainingState
from bakeoff.training.step import Step
from bakeoff.training.tta import with_views

EVALUATION_BATCH = 256
PROGRESS_STEPS = 20
HOLDOUT = "holdout"

Keep = Callable[[LogLine], None]
Advance = Callable[[Tensor], None]
Splits = Mapping[str, Split]
"""By name: what is learned from, what is measured on after each epoch, and what an epoch is chosen by; the latter two
may be empty."""


def fit(
    state: TrainingState,
    splits: Splits,
    recipe: Recipe,
    log: list[LogLine],
    checkpoint: Checkpoint,
    observer: Observer,
) -> None:
    """Trains a network in place, from its checkpoint where there is one.

    Args:
        state: The network, on the device of the splits, and what trains it.
        splits: The splits.
        recipe: How it is trained.
        log: Gets a line for the state before training, one for each `recipe.log_every` batches, one for each epoch
            that is measured.
        checkpoint: Where the state is kept after each epoch but the last.
        observer: Told of what goes on.

    Raises:
        DivergedError: The mean loss since the last line is not finite.
        StorageError: There is no room or no right to write a checkpoint.
    """
    begun = time.perf_counter()

    def keep(line: LogLine) -> None:
        log.append(line)
        observer.line(line)

    if rest := checkpoint.restore(state):
        begun -= rest.seconds
        for line in rest.log:
            keep(line)
    else:
        keep(_epoch_line(state, splits, recipe, None, begun))
    step = Step(state, splits[TRAIN], recipe)
    advance = RecordedStep(step) if can_be_recorded(recipe, state.device) else step
    for epoch in range(state.epoch + 1, recipe.epochs + 1):
        totals = _run_epoch(state, step, recipe, advance, keep, observer)
        state.epoch = epoch
        if epoch % recipe.eval_every == 0 or epoch == recipe.epochs:
            line = _epoch_line(state, splits, recipe, totals / len(splits[TRAIN]), begun)
            keep(line)
            state.judge(line.holdout_loss)
            if recipe.patience and state.best and epoch - state.best.epoch >= recipe.patience:
                break
        if epoch < recipe.epochs:
            checkpoint.save(state, log, time.perf_counter() - begun)
    state.choose()


def _run_epoch(
    state: TrainingState, step: Step, recipe: Recipe, advance: Advance, keep: Keep, observer: Observer
) -> Tensor:
    """One pass over the training split; the summed loss and the right predictions, float64 (2,)."""
    steps = recipe.epochs * step.train.batches(recipe.batch_size)
    state.network.train()
    step.totals.zero_()
    for rows in step.train.order(recipe, state.generator):
        advance(rows)
        state.schedule.step()
        if state.mean:
            state.mean.update_parameters(state.network)
        state.step += 1
        state.curve.batches += 1
        if state.curve.full or state.step == steps:
            keep(BatchLog(epoch=state.epoch + 1, step=state.step, loss=state.curve.take()))
        if state.step % PROGRESS_STEPS == 0 or state.step == steps:
            observer.progress(state.step, steps)
        observer.step()
    return step.totals


def evaluate(network: nn.Module, split: Split, recipe: Recipe) -> Tensor:
    """A network's logits, as its recipe has it measured, for all images of a split: float32 (N, K) on the CPU."""
    network = with_views(network, recipe).eval()
    with torch.inference_mode():
        batches = [network(inputs).detach().float().cpu() for inputs, _ in split.in_order(EVALUATION_BATCH)]
    return torch.cat(batches)


def _epoch_line(state: TrainingState, splits: Splits, recipe: Recipe, means: Tensor | None, begun: float) -> EpochLog:
    network, train = state.measured, splits[TRAIN]
    rows = torch.linspace(0, len(train) - 1, min(PROBE_IMAGES, len(train))).long().to(train.labels.device)
    norms, scales = probe(network, to_input(train.images[rows]), train.labels[rows])
    train_loss, train_accuracy = means.tolist() if means is not None else (None, None)
    val_loss, val_accuracy = _validate(network, splits[VAL], recipe)
    return EpochLog(
        epoch=state.epoch,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        gradient_norms=norms,
        activation_scales=scales,
        seconds=time.perf_counter() - begun,
        holdout_loss=_validate(network, splits[HOLDOUT], recipe)[0],
    )


def _validate(network: nn.Module, split: Split, recipe: Recipe) -> tuple[float | None, float | None]:
    """The mean loss and the accuracy on a split."""
    if not len(split):
        return None, None
    logits, labels = evaluate(network, split, recipe), split.labels.cpu()
    loss = functional.cross_entropy(logits, labels).item()
    if not math.isfinite(loss):
        raise DivergedError(f"the validation loss became {loss}")
    return loss, (logits.argmax(1) == labels).double().mean().item()
