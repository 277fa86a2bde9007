"""A network whose input is scaled and resized as it wants it."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class InputSettings(NamedTuple):
    """How a network wants its input.

    Attributes:
        mean: Of each channel, RGB, of pixels in 0 to 1; subtracted.
        deviation: Of each channel; divided by.
        size: Side in pixels; 0 means that of the images.
        interpolation: "bilinear" or "bicubic".
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    size: int = 0
    interpolation: str = "bilinear"


HALF = InputSettings((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Images in [-1, 1], as all networks get them."""
IMAGENET = InputSettings((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""The mean and the deviation of ImageNet's training images (He et al. and torchvision's models)."""


class Prepared(nn.Module):
    """Scales and resizes images, and gives them to a network.

    Resizing is antialiased where images get smaller, in floating point, on the device of the network.

    Args:
        network: Takes images of these settings.
        settings: How it wants them.
        image_size: Side of the images that it will be given; one at another scale is resized by the same factor.
        head: The name of its last layer, if its other weights are pretrained; else empty.

    Attributes:
        settings: How the network wants its images.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, settings: InputSettings, image_size: int, head: str = "") -> None:
        super().__init__()
        self.network, self.head, self.settings = network, head, settings
        self.factor = settings.size / image_size if settings.size else 1.0
        self.channels_last = bool(getattr(network, "channels_last", False))
        mean, deviation = torch.tensor(settings.mean), torch.tensor(settings.deviation)
        self.register_buffer("scale", (0.5 / deviation)[:, None, None], persistent=False)
        self.register_buffer("shift", ((0.5 - mean) / deviation)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        side = round(self.factor * images.shape[-1])
        if side != images.shape[-1]:
            smaller = side < images.shape[-1]
            images = functional.interpolate(
                images, size=(side, side), mode=self.settings.interpolation, align_corners=False, antialias=smaller
            )
        logits: Tensor = self.network(images * self.scale + self.shift)
        return logits


def head_of(network: nn.Module) -> str:
    """The name of the last layer with a weight matrix, which gives the logits; empty where there is none."""
    names = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    return names[-1] if names else ""
