"""What a network is trained to get right: the one class of an image, or each of its classes (`task`)."""

from torch import Tensor
from torch.nn import functional

from bakeoff.config.schema import Recipe


def loss(logits: Tensor, targets: Tensor, recipe: Recipe, weights: Tensor | None) -> Tensor:
    """The mean training loss of logits, float32 (B, K), with the recipe's label smoothing.

    Args:
        logits: float32 (B, K).
        targets: int64 (B,), the class of each image: cross entropy; or float32 (B, K), 1 for each class that it
            shows: the mean over classes of the binary cross entropy of the sigmoid.
        recipe: How it is trained.
        weights: float32 (K,): of each image by its class; or of each class where it is shown. None weighs nothing.
    """
    smoothing = recipe.label_smoothing
    if targets.is_floating_point():
        smoothed = targets * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, smoothed, pos_weight=weights)
    if weights is None:
        return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    losses = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="none")
    return (losses * weights[targets]).mean()


def plain_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """The loss of each image, float32 (B,), in nats, without smoothing and weights."""
    if targets.is_floating_point():
        return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)
    return functional.cross_entropy(logits, targets, reduction="none")


def correct(logits: Tensor, targets: Tensor) -> Tensor:
    """Which images are predicted correctly, bool (B,): their class, or exactly the classes that they show."""
    if targets.is_floating_point():
        return ((logits > 0) == (targets > 0)).all(1)
    return logits.argmax(1) == targets
