"""The losses of both tasks."""

import numpy as np
import torch
from torch.nn import functional

from bakeoff.config.schema import Recipe
from bakeoff.training.batches import Split
from bakeoff.training.losses import correct, loss, plain_losses

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-2.0, 1.0, -0.5]])
TARGETS = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])


def test_each_class_of_an_image_is_learned_by_itself() -> None:
    each = functional.binary_cross_entropy_with_logits(LOGITS, TARGETS, reduction="none")
    torch.testing.assert_close(plain_losses(LOGITS, TARGETS), each.mean(1))
    torch.testing.assert_close(loss(LOGITS, TARGETS, Recipe(), None), each.mean())
    assert correct(LOGITS, TARGETS).tolist() == [True, False], "all classes, and no other"


def test_label_smoothing_of_a_class_by_itself_goes_to_one_half() -> None:
    smoothed = functional.binary_cross_entropy_with_logits(LOGITS, 0.8 * TARGETS + 0.1)
    torch.testing.assert_close(loss(LOGITS, TARGETS, Recipe(label_smoothing=0.2), None), smoothed)


def test_balanced_weights_make_images_with_a_class_count_as_much_as_those_without() -> None:
    present = np.array([[True, False], [True, True], [True, False], [False, False]])
    split = Split(np.zeros((4, 8, 8, 3), np.uint8), np.zeros(4, np.int64), torch.device("cpu"), present)
    weights = split.loss_weights()
    torch.testing.assert_close(weights, torch.tensor([1 / 3, 3.0]))
    flat = torch.zeros(4, 2, requires_grad=True)
    loss(flat, split.targets, Recipe(), weights).backward()
    torch.testing.assert_close(flat.grad.sum(0), torch.zeros(2))
