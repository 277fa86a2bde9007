"""Gradient norms and activation scales."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from bakeoff.training.probe import probe


class Twice(nn.Module):
    """A linear layer applied twice, batch norm and dropout between."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout(0.5)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.shared(self.drop(self.norm(self.shared(inputs))))


def test_norms_are_those_of_the_gradient() -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    inputs, labels = torch.linspace(-1, 1, 15).reshape(5, 3), torch.tensor([0, 1, 0, 1, 1])
    norms, _, scales = probe(network, inputs, labels)
    functional.cross_entropy(network(inputs), labels).backward()
    assert norms == {
        "0": pytest.approx(network[0].weight.grad.norm().item()),
        "2": pytest.approx(network[2].weight.grad.norm().item()),
    }
    assert scales["0"] == pytest.approx(network[0](inputs).std(dim=0).mean().item())


def test_the_network_and_the_random_state_stay() -> None:
    network = Twice().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    inputs = torch.linspace(-1, 1, 24).reshape(8, 3)
    state = torch.get_rng_state()
    norms, _, scales = probe(network, inputs, torch.zeros(8, dtype=torch.long))
    assert torch.equal(torch.get_rng_state(), state)
    assert list(norms) == ["shared"]
    assert list(scales) == ["shared", "shared (2)"], "a layer called twice has a scale for each call"
    torch.testing.assert_close(network.state_dict(), before)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert network.training


def test_what_is_not_finite_is_none() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    norms, _, scales = probe(network, torch.full((2, 2), float("inf")), torch.tensor([0, 1]))
    assert norms == {"0": None}
    assert scales == {"0": None}
    frozen = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2))
    assert probe(frozen, torch.ones(2, 2), torch.tensor([0, 1]))[0]["0"] == 0.0
