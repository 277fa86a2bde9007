"""A network that looks at each image several times to classify it: at several sizes, and mirrored."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.config.schema import Recipe


class Views(nn.Module):
    """Averages a network's logits over views of an image.

    Larger views undo that random crops show objects larger in training than they are measured (Touvron et al., Fixing
    the train-test resolution discrepancy, NeurIPS 2019).

    Args:
        network: What looks; its weights are this module's only ones.
        sizes: Sides of the views as shares of the image's.
        mirrored: Whether each view is looked at mirrored, too.
    """

    def __init__(self, network: nn.Module, sizes: tuple[float, ...], mirrored: bool) -> None:
        super().__init__()
        self.network, self.sizes, self.mirrored = network, sizes, mirrored

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        if self.mirrored:
            images = torch.cat([images, images.flip(3)])
        sides = [view_side(size, images.shape[-1]) for size in self.sizes]
        logits = torch.stack([self.network(_resized(images, side)) for side in sides]).mean(0)
        return torch.stack(logits.chunk(2)).mean(0) if self.mirrored else logits


def with_views(network: nn.Module, recipe: Recipe) -> nn.Module:
    """The network as its recipe has it measured: itself where it looks once at the image as it is."""
    if recipe.tta_scales == (1.0,) and not recipe.tta_flip:
        return network
    return Views(network, recipe.tta_scales, recipe.tta_flip)


def view_side(size: float, side: int) -> int:
    """The side in pixels of a view of an image with this side."""
    return max(1, round(size * side))


def _resized(images: Tensor, side: int) -> Tensor:
    if side == images.shape[-1]:
        return images
    return functional.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)
