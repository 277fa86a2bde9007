"""Replayed steps: the same training as step by step; with a CUDA graph where there is a GPU."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from bakeoff.config.schema import Recipe
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import TrainingState
from bakeoff.training.cuda_graph import WARM_UP, GraphedStep, can_be_captured, capture
from bakeoff.training.device import reproducible
from bakeoff.training.loop import Step

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def trained(wrap: Callable[[Step], Callable[[Tensor], None]], device: torch.device, name: str) -> list[Tensor]:
    """Two epochs of ten images in batches of 4, 4 and 2, three times over: the weights, the totals, the curve."""
    draws, recipe = np.random.default_rng(0), Recipe(epochs=6, batch_size=4)
    split = Split(draws.integers(0, 256, (10, 16, 16, 3), dtype=np.uint8), np.arange(10) % 3, device)
    with reproducible(0, 1, device):
        network = create(name, 3, 16).to(device)
        generator = torch.Generator().manual_seed(0)
        state = TrainingState(network, recipe, steps=18, generator=generator, device=device)
        step = Step(state, split, recipe)
        advance = wrap(step)
        for _ in range(6):
            for rows in split.order(recipe, generator):
                advance(rows)
    return [*(value.cpu() for value in network.state_dict().values()), step.totals.cpu(), state.curve.total.cpu()]


def test_a_replayed_step_learns_from_the_rows_it_is_given() -> None:
    captured: list[int] = []

    def again(action: Callable[[], None]) -> Callable[[], None]:
        captured.append(1)
        return action

    expected = trained(lambda step: step, CPU, "net3-bn")
    found = trained(lambda step: GraphedStep(step, again), CPU, "net3-bn")
    assert len(captured) == 2, "one of each batch size"
    for one, other in zip(expected, found, strict=True):
        assert torch.equal(one, other)


def test_a_step_that_can_not_be_captured_is_taken_as_it_is() -> None:
    asked, taken = [], []

    def refuse(action: Callable[[], None]) -> Callable[[], None]:
        asked.append(action)
        raise RuntimeError("operation not permitted when stream is capturing")

    step = GraphedStep(lambda rows: taken.append(rows.tolist()), refuse)
    batches = [[number, number] for number in range(WARM_UP + 3)]
    for number, batch in enumerate(batches):
        if number == WARM_UP:
            with pytest.warns(UserWarning, match="without a CUDA graph: .*not permitted"):
                step(torch.tensor(batch))
        else:
            step(torch.tensor(batch))
    assert taken == batches
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(), True),
        (Recipe(optimizer="sgd", label_smoothing=0.1, ema_decay=0.9, precision="bfloat16"), True),
        (Recipe(horizontal_flip=True), False),
        (Recipe(mixup=0.5), False),
        (Recipe(progressive_resolution=(0.5, 1.0)), False),
        (Recipe(schedule="cosine"), False),
    ],
)
def test_only_what_is_the_same_each_step_is_captured(recipe: Recipe, expected: bool) -> None:
    assert can_be_captured(recipe, CUDA) is expected
    assert not can_be_captured(recipe, CPU)


@on_gpu
@pytest.mark.parametrize("name", ["net1", "net3", "net3-bn"])
def test_a_graph_trains_as_the_steps_do(name: str) -> None:
    expected = trained(lambda step: step, CUDA, name)
    for one, other in zip(expected, trained(GraphedStep, CUDA, name), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@on_gpu
def test_what_waits_for_the_device_can_not_be_captured() -> None:
    value = torch.ones((), device=CUDA)
    with pytest.raises(RuntimeError):
        capture(lambda: value.fill_(value.item() + 1))
