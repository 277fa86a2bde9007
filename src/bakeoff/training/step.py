"""One step of the training: a batch forward, backward, and into the weights."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.config.schema import Recipe
from bakeoff.training.augmentation import Mixture, mix
from bakeoff.training.batches import Split
from bakeoff.training.localization import location_loss
from bakeoff.training.state import TrainingState


class Step:
    """Trains a network on one batch at a time.

    All that it does with the device is asked for and not waited for, so that a GPU may be behind.

    Args:
        state: What is trained; its step, schedule and running mean are the loop's to advance.
        train: What it learns from.
        recipe: How.

    Attributes:
        totals: The summed loss and the right predictions since they were last set to zero: float64 (2,).
    """

    def __init__(self, state: TrainingState, train: Split, recipe: Recipe) -> None:
        self.state, self.train, self.recipe = state, train, recipe
        self.totals = torch.zeros(2, device=state.device, dtype=torch.float64)

    def __call__(self, rows: Tensor) -> None:
        """Learns from the images of these rows, int64 (B,) on the device."""
        state, recipe = self.state, self.recipe
        inputs, labels = self.train.batch(rows, state.epoch + 1, recipe, state.generator)
        inputs, mixture = mix(inputs, labels, recipe, state.generator)
        images, places = inputs[:, :3], inputs[:, 3:]
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
            logits, located = _answers(state.network, images, places)
        loss = _loss(logits.float(), labels, mixture, recipe)
        whole = loss if located is None else loss + recipe.localization_weight * location_loss(located.float(), places)
        state.optimizer.zero_grad()
        whole.backward()
        state.optimizer.step()
        right = (logits.detach().argmax(1) == labels).sum()
        self.totals += torch.stack([loss.detach().double() * len(labels), right.double()])
        state.curve.add(loss)


def _answers(network: nn.Module, images: Tensor, places: Tensor) -> tuple[Tensor, Tensor | None]:
    """A network's logits, and where it sees each class if the batch tells the places."""
    if not places.shape[1]:
        return network(images), None
    locate: Callable[[Tensor], tuple[Tensor, Tensor]] = network.locate  # type: ignore[assignment]
    return locate(images)


def _loss(logits: Tensor, labels: Tensor, mixture: Mixture | None, recipe: Recipe) -> Tensor:
    loss = functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if mixture:
        other = functional.cross_entropy(logits, mixture.labels, label_smoothing=recipe.label_smoothing)
        loss = (1 - mixture.share) * loss + mixture.share * other
    return loss
