"""Batches: scaling and order."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.config.schema import Recipe
from bakeoff.training.batches import Split, hold_out, subset, to_input

CPU = torch.device("cpu")


def numbered(count: int, side: int = 8) -> Split:
    """Images whose first pixel is their number."""
    images = np.zeros((count, side, side, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return Split(images, np.arange(count), CPU)


def epoch(split: Split, recipe: Recipe, seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return [split.batch(rows, 1, recipe, generator) for rows in split.order(recipe, generator)]


def test_input_is_channels_first_between_minus_one_and_one() -> None:
    images = torch.tensor([0, 255, 127], dtype=torch.uint8).reshape(1, 1, 1, 3).expand(2, 8, 8, 3)
    inputs = to_input(images)
    assert (inputs.shape, inputs.dtype, inputs.is_contiguous()) == ((2, 3, 8, 8), torch.float32, True)
    torch.testing.assert_close(inputs[0, :, 0, 0], torch.tensor([-1.0, 1.0, 127 / 127.5 - 1]))


@given(st.integers(1, 50), st.integers(1, 9), st.booleans())
def test_an_epoch_holds_each_image_once(count: int, batch_size: int, shuffle: bool) -> None:
    batches = epoch(numbered(count), Recipe(batch_size=batch_size, shuffle=shuffle), seed=0)
    labels = torch.cat([labels for _, labels in batches])
    assert sorted(labels.tolist()) == list(range(count))
    assert max(len(labels) for _, labels in batches) <= batch_size
    pixels = torch.cat([inputs[:, 0, 0, 0] for inputs, _ in batches])
    torch.testing.assert_close(pixels, labels / 127.5 - 1, msg="images and labels stay together")
    assert shuffle or labels.tolist() == list(range(count))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_fraction_is_taken_of_each_class_and_a_smaller_one_is_a_part_of_it(
    labels: list[int], first: float, second: float
) -> None:
    held = np.array(labels)
    small, large = (subset(held, fraction) for fraction in sorted((first, second)))
    assert set(small) <= set(large)
    assert list(large) == sorted(set(large))
    for label in set(labels):
        count = labels.count(label)
        assert (held[small] == label).sum() == max(1, round(min(first, second) * count))
    assert list(subset(held, 1.0)) == list(range(len(labels)))


def test_the_generator_decides_the_order() -> None:
    orders = [torch.cat([labels for _, labels in epoch(numbered(40), Recipe(), seed)]).tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


@given(st.lists(st.integers(0, 2), min_size=6, max_size=60), st.sampled_from([0.1, 0.5, 0.9]))
def test_the_holdout_and_the_rest_are_all_rows(labels: list[int], fraction: float) -> None:
    rows = np.arange(len(labels))[::2]
    learned, holdout = hold_out(np.array(labels), rows, fraction)
    assert sorted([*learned, *holdout]) == rows.tolist()
    for label in {labels[row] for row in rows}:
        own = sum(labels[row] == label for row in rows)
        assert sum(labels[row] == label for row in holdout) == max(1, round(fraction * own))


def test_without_a_holdout_all_rows_are_trained_on() -> None:
    learned, holdout = hold_out(np.array([0, 1, 1]), np.arange(3), 0.0)
    assert (learned.tolist(), holdout.tolist()) == ([0, 1, 2], [])


def test_classes_weigh_and_are_drawn_alike_whatever_their_size() -> None:
    labels = np.array([0] * 90 + [2] * 10)
    split = Split(np.zeros((100, 8, 8, 3), np.uint8), labels, CPU)
    weights = split.class_weights()
    torch.testing.assert_close(weights[[0, 2]], torch.tensor([100 / 180, 5.0]))
    torch.testing.assert_close(weights[labels].mean(), torch.tensor(1.0))
    recipe = Recipe(sampler="balanced", batch_size=7)
    orders = [torch.cat(split.order(recipe, torch.Generator().manual_seed(seed))) for seed in (0, 0, 1)]
    assert (len(orders[0]), orders[0].equal(orders[1]), orders[0].equal(orders[2])) == (100, True, False)
    generator = torch.Generator().manual_seed(5)
    drawn = torch.cat([rows for _ in range(20) for rows in split.order(recipe, generator)])
    assert 0.45 < (drawn >= 90).double().mean() < 0.55
