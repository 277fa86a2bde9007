"""A remedy for net3's vanishing signal: initial weights that keep its scale from layer to layer."""

from torch import nn

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import DeepNetwork


@networks.register("net3-he")
class Net3He(DeepNetwork):
    """net3 with He initialisation: initial weights whose variance is 2 / inputs, and biases of zero.

    Torch's own initialisation has a sixth of that variance, so that each layer with ReLU passes on a weaker signal.
    Source: He et al., Delving Deep into Rectifiers, ICCV 2015.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="He initialisation")

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__(num_classes, image_size)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(parameter, mode="fan_in", nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
