"""What must hold for whatever is registered."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from bakeoff.config.tables import network_label
from bakeoff.core.registry import networks
from bakeoff.models.factory import create, source_digest

every_network = pytest.mark.parametrize("name", networks.names())

PARAMETERS = {
    "linear": 3 * 64 * 64 * 5 + 5,
    "majority": 5,
    "net1": 406_885,
    "net2": 529_765,
    "net3": 622_245,
    "net3-bn": 622_245 + 2 * (16 + 11 * 32),
    "net3-he": 622_245,
    "net3-skip": 622_245,
    "net3-tied": 539_013,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_learnable_parameters_are_those_of_the_homework(name: str) -> None:
    network = create(name, num_classes=5, image_size=64)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name]


@every_network
@given(image_size=st.integers(8, 48), num_classes=st.integers(1, 12), batch=st.integers(1, 3))
@settings(max_examples=8, deadline=None)
def test_any_size_and_class_count_gives_logits_and_a_gradient_for_each_parameter(
    name: str, image_size: int, num_classes: int, batch: int
) -> None:
    network = create(name, num_classes, image_size)
    generator = torch.Generator().manual_seed(image_size)
    images = torch.rand(batch, 3, image_size, image_size, generator=generator) * 2 - 1
    logits = network(images)
    assert logits.shape == (batch, num_classes)
    assert logits.dtype == torch.float32
    loss = cross_entropy(logits, torch.zeros(batch, dtype=torch.int64))
    if hasattr(network, "forward_with_heatmaps"):
        _, cells = network.forward_with_heatmaps(images)
        assert cells.shape[:2] == (batch, num_classes)
        loss = loss + cells.mean()
    loss.backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


@every_network
def test_the_gradient_reaches_the_first_convolution(name: str) -> None:
    torch.manual_seed(0)
    network = create(name, num_classes=5, image_size=64)
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    cross_entropy(network(images), torch.arange(4)).backward()
    first = next(network.parameters()).grad
    assert first is not None
    assert first.norm() > 0


@pytest.mark.parametrize("name", [name for name in networks.names() if name != "majority"])
def test_the_seed_alone_decides_about_the_initial_weights(name: str) -> None:
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(create(name, num_classes=3, image_size=16).state_dict())
    first, again, other = (torch.cat([value.flatten().float() for value in state.values()]) for state in states)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@every_network
def test_the_docstring_begins_with_a_sentence_that_says_what_it_is(name: str) -> None:
    first = (networks[name].__doc__ or "").splitlines()[0]
    assert 20 < len(first) < 120
    assert first.endswith(".")


@every_network
def test_the_name_is_a_file_name_and_there_is_no_source_to_follow(name: str) -> None:
    assert network_label(name) == name
    assert source_digest(name) == ""


@every_network
def test_the_network_comes_in_training_mode(name: str) -> None:
    assert all(module.training for module in create(name, 5, 8).modules())
