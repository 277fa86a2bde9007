"""The pieces that networks share."""

import pytest
import torch
from torch.nn.functional import relu

from bakeoff.models.blocks import DeepNetwork, Head, Stem, conv3x3


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("size", [8, 9, 10, 11, 13, 32, 64, 75])
def test_a_stem_knows_how_many_features_it_gives(size: int, padding: int) -> None:
    stem = Stem(size, padding)
    assert stem(torch.zeros(1, 3, size, size)).numel() == stem.features


def test_a_stem_uses_the_convolution_it_is_given() -> None:
    asked = []

    def convolution(inputs: int, outputs: int, padding: int) -> torch.nn.Module:
        asked.append((inputs, outputs, padding))
        return conv3x3(inputs, outputs, padding)

    Stem(16, 0, convolution)
    assert asked == [(3, 16, 0), (16, 32, 0)]


def test_the_further_convolutions_are_numbered_after_those_of_the_stem() -> None:
    body = DeepNetwork(3, 16).body
    assert list(body) == [f"conv{number}" for number in range(3, 13)]
    assert len({id(convolution.weight) for convolution in body.values()}) == 10


def test_a_head_gives_a_logit_for_each_class() -> None:
    assert Head(18, 4)(torch.zeros(5, 2, 3, 3)).shape == (5, 4)


def test_relu_after_the_pooling_is_relu_before_it() -> None:
    torch.manual_seed(0)
    stem, images = Stem(16), torch.randn(4, 3, 16, 16)
    images.requires_grad_()
    before = stem.pool2(relu(stem.conv2(stem.pool1(relu(stem.conv1(images))))))
    after = stem(images)
    assert torch.equal(before, after)
    weights = torch.randn_like(after)
    (expected,) = torch.autograd.grad((before * weights).sum(), images)
    (found,) = torch.autograd.grad((after * weights).sum(), images)
    assert torch.equal(expected, found)
