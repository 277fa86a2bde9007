"""A cure for net3's vanishing signal: a way around each layer."""

from torch import Tensor
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import Head, Network, Stem, further_convolutions


@networks.register("net3-skip")
class Net3Skip(Network):
    """net3 with an identity skip around each of the ten further convolutions and its ReLU.

    Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, with one convolution a skip.

    Args:
        num_classes: How many logits it gives.
        image_size: Side of the input in pixels, 8 or more.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="identity skips")

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size)
        self.body = further_convolutions()
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        maps = self.stem(images)
        for convolution in self.body.values():
            maps = maps + relu(convolution(maps))
        logits: Tensor = self.head(maps)
        return logits
