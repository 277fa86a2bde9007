"""Optimisers and schedules."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from bakeoff.config.schema import Recipe
from bakeoff.training.schedule import make_optimizer, make_schedule


@pytest.mark.parametrize(("name", "kind"), [("adam", Adam), ("adamw", AdamW), ("sgd", SGD)])
def test_the_recipes_values_reach_the_optimizer(name: str, kind: type) -> None:
    recipe = Recipe(optimizer=name, learning_rate=0.02, betas=(0.8, 0.95), momentum=0.7, weight_decay=0.1)
    optimizer = make_optimizer(nn.Linear(2, 2), recipe)
    assert type(optimizer) is kind
    group = optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.02, 0.1)
    assert group.get("betas", (0.8, 0.95)) == (0.8, 0.95)
    assert group.get("momentum", 0.7) == 0.7


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("constant", 0.0, [1, 1, 1, 1]),
        ("cosine", 0.0, [1, 0.853553, 0.5, 0.146447]),
        ("constant", 0.5, [1 / 3, 2 / 3, 1, 1]),
        ("cosine", 0.5, [1 / 3, 2 / 3, 1, 0.5]),
    ],
)
def test_the_schedule_sets_the_rate_of_each_step(schedule: str, warmup: float, expected: list[float]) -> None:
    recipe = Recipe(schedule=schedule, warmup=warmup, learning_rate=1.0, optimizer="sgd")
    layer = nn.Linear(1, 1)
    optimizer = make_optimizer(layer, recipe)
    rates = make_schedule(optimizer, recipe, 4)
    seen = []
    for _ in range(4):
        seen.append(optimizer.param_groups[0]["lr"])
        layer(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        rates.step()
    assert seen == pytest.approx(expected, abs=1e-5)


def test_frozen_parameters_are_left_out() -> None:
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    assert [len(group["params"]) for group in make_optimizer(layer, Recipe()).param_groups] == [1]


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_weight_decay_falls_on_the_weights_of_convolutions_and_linear_layers_alone(name: str) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    before = [value.detach().clone() for value in network.parameters()]
    optimizer = make_optimizer(network, Recipe(optimizer=name, weight_decay=0.5))
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    changed = {
        key for (key, value), old in zip(network.named_parameters(), before, strict=True) if not torch.equal(value, old)
    }
    assert changed == {"0.weight", "3.weight"}
