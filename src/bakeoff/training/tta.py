"""Test-time augmentation: logits averaged over an image at several scales, and mirrored."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.config.schema import Recipe


class TestTimeAugmentation(nn.Module):
    """Averages a network's logits over augmented copies of an image.

    Larger scales undo that random crops show objects larger in training than they are in evaluation (Touvron et al.,
    Fixing the train-test resolution discrepancy, NeurIPS 2019). Scales are sides as fractions of the image's.
    """

    __test__ = False  # pytest is not to take it for a test

    def __init__(self, network: nn.Module, scales: tuple[float, ...], flip: bool) -> None:
        super().__init__()
        self.network, self.scales, self.flip = network, scales, flip

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        if self.flip:
            images = torch.cat([images, images.flip(3)])
        sides = [scaled_side(scale, images.shape[-1]) for scale in self.scales]
        logits = torch.stack([self.network(_resized(images, side)) for side in sides]).mean(0)
        return torch.stack(logits.chunk(2)).mean(0) if self.flip else logits


def with_tta(network: nn.Module, recipe: Recipe) -> nn.Module:
    """The network with its recipe's test-time augmentation; itself where that is none."""
    if recipe.tta_scales == (1.0,) and not recipe.tta_flip:
        return network
    return TestTimeAugmentation(network, recipe.tta_scales, recipe.tta_flip)


def scaled_side(scale: float, side: int) -> int:
    """The side in pixels of an image of this side at a scale."""
    return max(1, round(scale * side))


def _resized(images: Tensor, side: int) -> Tensor:
    if side == images.shape[-1]:
        return images
    return functional.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)
