"""The homework's second network: does padding help?"""

from torch import Tensor

from bakeoff.core.registry import networks
from bakeoff.models.blocks import Head, Network, Stem


@networks.register("net2")
class Net2(Network):
    """net1 with padding, so that the convolutions keep the size of their input."""

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size)
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        logits: Tensor = self.head(self.stem(images))
        return logits
