"""linear against its formula."""

import torch

from bakeoff.models.factory import create


def test_it_is_logistic_regression_on_the_pixels() -> None:
    network = create("linear", 5, 16)
    weights = network.state_dict()
    images = torch.rand(3, 3, 16, 16) * 2 - 1
    expected = images.flatten(1) @ weights["logits.weight"].T + weights["logits.bias"]
    torch.testing.assert_close(network(images), expected)
