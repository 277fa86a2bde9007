"""A cure for net3's vanishing signal: each layer's signal is scaled back to unit variance."""

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import Head, Network, Stem, conv3x3, further_convolutions


def normalised_conv3x3(inputs: int, outputs: int, padding: int) -> nn.Sequential:
    """A 3x3 convolution and batch norm.

    The convolution keeps the bias that batch norm makes superfluous, so that nothing but batch norm sets net3-bn apart.
    """
    return nn.Sequential(OrderedDict(conv=conv3x3(inputs, outputs, padding), norm=nn.BatchNorm2d(outputs)))


@networks.register("net3-bn")
class Net3BatchNorm(Network):
    """net3 with batch norm between each convolution and its ReLU.

    Source: Ioffe and Szegedy, Batch Normalization, ICML 2015.

    Args:
        num_classes: How many logits it gives.
        image_size: Side of the input in pixels, 8 or more.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="batch normalisation")

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size, convolution=normalised_conv3x3)
        self.body = further_convolutions(normalised_conv3x3)
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        maps = self.stem(images)
        for convolution in self.body.values():
            maps = relu(convolution(maps))
        logits: Tensor = self.head(maps)
        return logits
