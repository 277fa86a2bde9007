"""net1 against the homework's own words."""

import torch

from bakeoff.models.factory import create
from bakeoff.models.summary import describe


def test_the_maps_shrink_as_in_the_homework() -> None:
    layers = describe(create("net1", 5, 64), 64).layers
    assert [(layer.name, layer.output) for layer in layers] == [
        ("stem.conv1", (16, 62, 62)),
        ("stem.pool1", (16, 31, 31)),
        ("stem.conv2", (32, 29, 29)),
        ("stem.pool2", (32, 14, 14)),
        ("head.flatten", (6272,)),
        ("head.hidden", (64,)),
        ("head.logits", (5,)),
    ]


def test_it_computes_what_the_homework_writes_down() -> None:
    network = create("net1", 5, 32)
    weights = network.state_dict()
    relu, conv, pool = torch.relu, torch.conv2d, torch.max_pool2d
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    maps = pool(relu(conv(images, weights["stem.conv1.weight"], weights["stem.conv1.bias"])), 2)
    maps = pool(relu(conv(maps, weights["stem.conv2.weight"], weights["stem.conv2.bias"])), 2)
    hidden = relu(maps.flatten(1) @ weights["head.hidden.weight"].T + weights["head.hidden.bias"])
    logits = hidden @ weights["head.logits.weight"].T + weights["head.logits.bias"]
    torch.testing.assert_close(network(images), logits)
