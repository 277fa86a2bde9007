"""A cure for net3's vanishing signal: initial weights that keep its scale from layer to layer."""

from torch import Tensor, nn
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import Head, Network, Stem, further_convolutions


@networks.register("net3-he")
class Net3He(Network):
    """net3 with He initialisation: initial weights whose variance is 2 / inputs, and biases of zero.

    Torch's own initialisation has a sixth of that variance, so that each layer with ReLU passes on a weaker signal.
    Source: He et al., Delving Deep into Rectifiers, ICCV 2015.

    Args:
        num_classes: How many logits it gives.
        image_size: Side of the input in pixels, 8 or more.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="He initialisation")

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size)
        self.body = further_convolutions()
        self.head = Head(self.stem.features, num_classes)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, mode="fan_in", nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        maps = self.stem(images)
        for convolution in self.body.values():
            maps = relu(convolution(maps))
        logits: Tensor = self.head(maps)
        return logits
