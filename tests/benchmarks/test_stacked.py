"""Several seeds stacked train as each does alone."""

import copy
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.config.schema import Recipe
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import TrainingState
from bakeoff.training.loop import Step

StackedStep = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "stacked.py"))["StackedStep"]
CPU, SEEDS, STEPS = torch.device("cpu"), 3, 3


def networks(name: str) -> list[torch.nn.Module]:
    """Of each seed one, with its own initial weights."""
    made = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        made.append(create(name, 5, 32))
    return made


@pytest.fixture
def split() -> Split:
    draws = np.random.default_rng(0)
    return Split(draws.integers(0, 256, (18, 32, 32, 3), dtype=np.uint8), np.arange(18) % 5, CPU)


@pytest.mark.parametrize(
    ("name", "optimizer"), [("net1", "sgd"), ("net2", "adamw"), ("net3", "sgd"), ("net3-bn", "sgd")]
)
def test_stacked_seeds_learn_what_each_learns_alone(name: str, optimizer: str, split: Split) -> None:
    recipe = Recipe(batch_size=6, epochs=STEPS, optimizer=optimizer, learning_rate=0.01, weight_decay=0.1)
    order = torch.stack([torch.randperm(len(split))[: 6 * STEPS] for _ in range(SEEDS)]).view(SEEDS, STEPS, 6)
    stacked, alone = StackedStep(networks(name), split, recipe), networks(name)
    for number in range(STEPS):
        stacked(order[:, number])
    for seed, network in enumerate(alone):
        begun = copy.deepcopy(network.state_dict())
        step = Step(TrainingState(network.train(), recipe, STEPS, torch.Generator(), CPU), split, recipe)
        for number in range(STEPS):
            step(order[seed, number])
        learned = {**stacked.parameters, **stacked.buffers}
        for key, value in network.state_dict().items():
            moved = (value - begun[key]).double().norm()  # of a bias before batch normalisation nothing
            assert (learned[key][seed] - value).double().norm() <= 0.01 * moved + 1e-6
        assert all((own - begun[key]).abs().max() > 1e-4 for key, own in network.named_parameters() if own.ndim > 1)
