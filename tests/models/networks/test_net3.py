"""What sets net3 apart from net2."""

from torch import nn

from bakeoff.models.factory import create


def test_ten_convolutions_with_weights_of_their_own_follow_the_stem() -> None:
    convolutions = [module for module in create("net3", 5, 64).modules() if isinstance(module, nn.Conv2d)]
    assert len({id(convolution.weight) for convolution in convolutions}) == 2 + 10
