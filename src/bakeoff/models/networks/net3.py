"""The homework's third network: does the gradient vanish on its way through ten more layers?"""

from bakeoff.core.registry import networks
from bakeoff.models.blocks import DeepNetwork


@networks.register("net3")
class Net3(DeepNetwork):
    """net2 with ten further convolutions, each with ReLU, before the linear layers."""
