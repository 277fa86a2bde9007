"""A remedy for net3's vanishing signal: an identity skip around each layer."""

from torch import Tensor, nn
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits
from bakeoff.models.blocks import DeepNetwork


@networks.register("net3-skip")
class Net3Skip(DeepNetwork):
    """net3 with an identity skip around each of the ten further convolutions and its ReLU.

    Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, with one convolution per skip.
    """

    traits = Traits(remedies_for=("net3", "net3-tied"), remedy="identity skips")

    def transform(self, maps: Tensor, convolution: nn.Module) -> Tensor:
        """What a convolution with its skip makes of the feature maps, float32 (N, 32, s, s)."""
        return maps + relu(convolution(maps))
