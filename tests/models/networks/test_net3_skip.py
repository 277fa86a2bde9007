"""What sets net3-skip apart from net3."""

import torch

from bakeoff.models.factory import create


def test_without_weights_the_further_convolutions_let_the_stem_pass() -> None:
    network = create("net3-skip", 5, 16)
    for parameter in network.get_submodule("body").parameters():
        torch.nn.init.zeros_(parameter)
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    stem, head = network.get_submodule("stem"), network.get_submodule("head")
    torch.testing.assert_close(network(images), head(stem(images)))
