"""What sets net2 apart from net1."""

from bakeoff.models.factory import create
from bakeoff.models.summary import describe


def test_padding_keeps_the_maps_whole() -> None:
    layers = {layer.name: layer for layer in describe(create("net2", 5, 64), 64).layers}
    assert layers["stem.conv1"].output == (16, 64, 64)
    assert layers["stem.conv2"].output == (32, 32, 32)
    assert layers["head.flatten"].output == (8192,)
    assert layers["head.hidden"].settings == "8192→64"
