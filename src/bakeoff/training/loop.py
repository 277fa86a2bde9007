"""The training loop and its step, and evaluation."""

import math
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.progress import Beat
from bakeoff.core.types import TRAIN, VAL
from bakeoff.training.augmentation import Mixture, mix
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import Checkpoint, DivergedError, TrainingState
from bakeoff.training.cuda_graph import GraphedStep, can_be_captured
from bakeoff.training.finetune import freeze
from bakeoff.training.localization import localization_loss
from bakeoff.training.losses import correct, loss, plain_losses
from bakeoff.training.observer import Observer
from bakeoff.training.probe import PROBE_IMAGES, probe
from bakeoff.training.run import BatchLog, EpochLog, LogLine
from bakeoff.training.tta import with_tta

EVALUATION_BATCH = 256
PROGRESS_STEPS = 20
HOLDOUT = "holdout"

Keep = Callable[[LogLine], None]
Splits = Mapping[str, Split]
"""By name: the training images, the validation images and the holdout; the latter two may be empty."""


def fit(
    state: TrainingState,
    splits: Splits,
    recipe: Recipe,
    log: list[LogLine],
    checkpoint: Checkpoint,
    observer: Observer,
) -> None:
    """Trains a network in place, from its checkpoint where there is one; keeps the state after each epoch but the last.

    The log gets a line for the state before training, one per so many batches as `recipe.log_every` says, and one per
    epoch that is evaluated.

    Raises:
        DivergedError: The mean loss since the last line is not finite.
        StorageError: There is no room or permission to write a checkpoint.
    """
    begun = time.perf_counter()

    def keep(line: LogLine) -> None:
        log.append(line)
        observer.line(line)

    step = Step(state, splits[TRAIN], recipe)

    def beat() -> None:
        observer.progress(state.step, step.steps)

    if stored := checkpoint.restore(state):
        begun -= stored.seconds
        for line in stored.log:
            keep(line)
    else:
        keep(_epoch_line(state, splits, recipe, None, begun, beat))
    can_capture = splits[TRAIN].on_device and not observer.profiled and can_be_captured(recipe, state.device)
    advance = GraphedStep(step) if can_capture else step
    for epoch in range(state.epoch + 1, recipe.epochs + 1):
        totals = _run_epoch(step, advance, keep, observer)
        state.epoch = epoch
        if epoch % recipe.eval_every == 0 or epoch == recipe.epochs:
            line = _epoch_line(state, splits, recipe, totals / len(splits[TRAIN]), begun, beat)
            keep(line)
            observer.progress(state.step, step.steps, line.describe(recipe.epochs))
            state.weights.judge(epoch, line.holdout_loss)
            best = state.weights.best
            if recipe.patience and best and epoch - best.epoch >= recipe.patience:
                break
        if epoch < recipe.epochs:
            checkpoint.save(state, log, time.perf_counter() - begun)
    state.weights.choose()


class Step:
    """One step of the training: a batch forward, backward, and into the weights.

    It never waits for the device, so that a GPU may lag behind. The state's step, schedule and EMA are the loop's to
    advance.

    Attributes:
        steps: Of the whole training.
        totals: The summed loss and the correct predictions since they were last set to zero: float64 (2,).
    """

    def __init__(self, state: TrainingState, train: Split, recipe: Recipe) -> None:
        self.state, self.train, self.recipe = state, train, recipe
        self.steps = recipe.epochs * train.batches(recipe.batch_size)
        self.totals = torch.zeros(2, device=state.device, dtype=torch.float64)
        self.weights = train.loss_weights() if recipe.class_weights == "balanced" else None

    def __call__(self, rows: Tensor) -> None:
        """Trains on the images of these rows, int64 (B,) on the device."""
        state, recipe = self.state, self.recipe
        inputs, targets = self.train.batch(rows, state.epoch + 1, recipe, state.generator)
        inputs, mixture = mix(inputs, targets, recipe, state.generator)
        images, boxes = inputs.split([self.train.channels, inputs.shape[1] - self.train.channels], dim=1)
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            logits, heatmaps = _forward(state.network, images, with_heatmaps=boxes.shape[1] > 0)
        learned = _loss(logits.float(), targets, mixture, recipe, self.weights)
        whole = learned
        if heatmaps is not None:
            whole = learned + recipe.localization_weight * localization_loss(heatmaps.float(), boxes)
        state.optimizer.zero_grad()
        whole.backward()
        if recipe.clip_grad_norm:
            nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip_grad_norm)
        state.optimizer.step()
        right = correct(logits.detach(), targets).sum()
        self.totals += torch.stack([learned.detach().double() * len(rows), right.double()])
        state.curve.add(learned)


def _forward(network: nn.Module, images: Tensor, *, with_heatmaps: bool) -> tuple[Tensor, Tensor | None]:
    if not with_heatmaps:
        return network(images), None
    both: Callable[[Tensor], tuple[Tensor, Tensor]] = network.forward_with_heatmaps  # type: ignore[assignment]
    return both(images)


def _loss(logits: Tensor, targets: Tensor, mixture: Mixture | None, recipe: Recipe, weights: Tensor | None) -> Tensor:
    own = loss(logits, targets, recipe, weights)
    if not mixture:
        return own
    other = loss(logits, mixture.targets, recipe, weights)
    return (1 - mixture.fraction) * own + mixture.fraction * other


def _run_epoch(step: Step, advance: Callable[[Tensor], None], keep: Keep, observer: Observer) -> Tensor:
    """One pass over the training split; the summed loss and the correct predictions, float64 (2,)."""
    state, recipe = step.state, step.recipe
    freeze(state.network, recipe, state.epoch + 1)
    step.totals.zero_()
    for rows in step.train.order(recipe, state.generator):
        advance(rows)
        state.schedule.step()
        state.weights.update()
        state.step += 1
        state.curve.batches += 1
        if state.curve.full or state.step == step.steps:
            keep(BatchLog(epoch=state.epoch + 1, step=state.step, loss=state.curve.take()))
        if state.step % PROGRESS_STEPS == 0:
            observer.progress(state.step, step.steps)
        observer.step()
    observer.progress(state.step, step.steps)
    return step.totals


def evaluate(network: nn.Module, split: Split, recipe: Recipe, beat: Beat = lambda: None) -> Tensor:
    """A network's logits, with its recipe's test-time augmentation, for all images of a split: float32 (N, K), CPU."""
    network = with_tta(network, recipe).eval()
    found = torch.zeros(0)
    with torch.inference_mode():
        for start, (inputs, _) in zip(
            range(0, len(split), EVALUATION_BATCH), split.in_order(EVALUATION_BATCH), strict=True
        ):
            logits = network(inputs).float()
            if not start:  # for all at once: kept one by one, they would lie between the memory that batches give back
                found = torch.empty(len(split), logits.shape[1])
            found[start : start + EVALUATION_BATCH] = logits
            beat()
    return found


def _epoch_line(
    state: TrainingState, splits: Splits, recipe: Recipe, means: Tensor | None, begun: float, beat: Beat
) -> EpochLog:
    network, train = state.weights.evaluated, splits[TRAIN]
    rows = torch.linspace(0, len(train) - 1, min(PROBE_IMAGES, len(train))).long().to(train.labels.device)
    norms, weights, scales = probe(network, train.inputs(rows), train.targets[rows])
    train_loss, train_accuracy = means.tolist() if means is not None else (None, None)
    val_loss, val_accuracy = _validate(network, splits[VAL], recipe, beat)
    return EpochLog(
        epoch=state.epoch,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        gradient_norms=norms,
        weight_norms=weights,
        activation_scales=scales,
        seconds=time.perf_counter() - begun,
        holdout_loss=_validate(network, splits[HOLDOUT], recipe, beat)[0],
    )


def _validate(network: nn.Module, split: Split, recipe: Recipe, beat: Beat) -> tuple[float | None, float | None]:
    """The mean loss and the accuracy on a split; None without images."""
    if not len(split):
        return None, None
    logits, targets = evaluate(network, split, recipe, beat), split.targets.cpu()
    mean = plain_losses(logits, targets).mean().item()
    if not math.isfinite(mean):
        raise DivergedError(f"the validation loss became {mean}")
    return mean, correct(logits, targets).double().mean().item()
