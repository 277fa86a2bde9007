"""What sets net3-he apart from net3."""

import math

import pytest
import torch

from bakeoff.models.factory import create


def test_weights_have_the_variance_of_he_and_biases_are_zero() -> None:
    torch.manual_seed(0)
    for name, parameter in create("net3-he", 5, 64).named_parameters():
        if name.endswith("bias"):
            assert parameter.eq(0).all()
        elif name != "head.logits.weight":  # too few numbers for a standard deviation
            assert parameter.std().item() == pytest.approx(math.sqrt(2 / parameter[0].numel()), rel=0.1)


def test_the_signal_keeps_its_scale_where_that_of_net3_vanishes() -> None:
    scales = {}
    for name in ("net3", "net3-he"):
        torch.manual_seed(0)
        network = create(name, 5, 64)
        images = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
        outputs: list[float] = []
        network.get_submodule("body.conv12").register_forward_hook(
            lambda module, inputs, output, kept=outputs: kept.append(output.std().item())
        )
        network(images)
        scales[name] = outputs[0]
    assert scales["net3-he"] > 10 * scales["net3"]
