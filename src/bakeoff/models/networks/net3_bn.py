"""A remedy for net3's vanishing signal: each layer's signal is scaled back to unit variance."""

from collections import OrderedDict

from torch import nn

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import DeepNetwork, conv3x3


def normalised_conv3x3(inputs: int, outputs: int, padding: int) -> nn.Sequential:
    """A 3x3 convolution and batch norm.

    The convolution keeps the bias that batch norm makes superfluous, so that nothing but batch norm sets net3-bn apart.
    """
    return nn.Sequential(OrderedDict(conv=conv3x3(inputs, outputs, padding), norm=nn.BatchNorm2d(outputs)))


@networks.register("net3-bn")
class Net3BatchNorm(DeepNetwork):
    """net3 with batch norm between each convolution and its ReLU.

    Source: Ioffe and Szegedy, Batch Normalization, ICML 2015.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="batch normalisation")

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__(num_classes, image_size, normalised_conv3x3)
