"""The homework's first network."""

from torch import Tensor

from bakeoff.core.registry import networks
from bakeoff.models.blocks import Head, Network, Stem


@networks.register("net1")
class Net1(Network):
    """Two convolutions without padding, each with ReLU and max pooling, and two linear layers."""

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size, padding=0)
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        logits: Tensor = self.head(self.stem(images))
        return logits
