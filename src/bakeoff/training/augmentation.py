"""Augmentation of training images, drawn from the run's own generator."""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bakeoff.config.schema import Recipe

EIGHTH = 8
RATIO = 4 / 3
"""The sides of a resized crop differ by this factor at most."""


def augment(images: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Mirrors and crops each image at random: uint8 (B, S, S, C) to the same."""
    count, side = images.shape[0], images.shape[1]
    if recipe.horizontal_flip:
        mirrored = torch.rand(count, generator=generator) < 0.5
        images = torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(2), images)
    if recipe.random_crop:
        border = recipe.random_crop
        shifts = torch.randint(-border, border + 1, (2, count, 1), generator=generator)
        rows, columns = (_reflect(torch.arange(side) + shift, side).to(images.device) for shift in shifts)
        everyone = torch.arange(count, device=images.device)
        images = images[everyone[:, None, None], rows[:, :, None], columns[:, None, :]]
    return images


def _reflect(positions: Tensor, side: int) -> Tensor:
    """Positions outside 0..side-1 mirrored at the border, without repeating the border pixel."""
    last = side - 1
    return last - (last - positions.abs()).abs()


def side_in(epoch: int, recipe: Recipe, stored: int) -> int:
    """Progressive resizing: the side of the training images in an epoch, counted from 1, from that of the stored ones.

    Small images first cost little and lose little (Tan and Le, EfficientNetV2, ICML 2021).
    """
    first, last = recipe.progressive_resolution
    fraction = first + (last - first) * (epoch - 1) / max(1, recipe.epochs - 1)
    if first != last:
        fraction = round(EIGHTH * fraction) / EIGHTH  # few sizes: a library prepares its convolutions anew for each
    return max(1, round(fraction * stored))


def vary(inputs: Tensor, recipe: Recipe, side: int, generator: torch.Generator) -> Tensor:
    """Crops, resizes and recolours each image at random: float32 (B, C, S, S) in [-1, 1] to (B, C, side, side).

    Its colours are the first three channels.
    """
    if recipe.resized_crop < 1 or side != inputs.shape[-1]:
        inputs = _resized_crop(inputs, recipe.resized_crop, side, generator)
    if recipe.color_jitter:
        jittered = _color_jitter(inputs[:, :3], recipe.color_jitter, generator)
        inputs = torch.cat([jittered, inputs[:, 3:]], dim=1)
    return inputs


class Mixture(NamedTuple):
    """What a batch was mixed with: the other images' targets, and their fraction of each image."""

    targets: Tensor
    fraction: float


def mix(inputs: Tensor, targets: Tensor, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, Mixture | None]:
    """Mixes a batch, float32 (B, C, S, S), with itself in another order, with the recipe's probabilities.

    By cutmix (Yun et al., ICCV 2019), which pastes a rectangle of one image into another, or by mixup (Zhang et al.,
    ICLR 2018), which blends the two; one rectangle or fraction per batch, the latter from Beta(1, 1).
    """
    if not (recipe.cutmix or recipe.mixup):
        return inputs, None
    draw = torch.rand((), generator=generator).item()
    if draw >= recipe.cutmix + recipe.mixup:
        return inputs, None
    order = torch.randperm(len(targets), generator=generator).to(targets.device)
    method = _cutmix if draw < recipe.cutmix else _mixup
    mixed, fraction = method(inputs, inputs[order], torch.rand((), generator=generator).item(), generator)
    return mixed, Mixture(targets[order], fraction)


def _cutmix(inputs: Tensor, others: Tensor, fraction: float, generator: torch.Generator) -> tuple[Tensor, float]:
    side = inputs.shape[-1]
    cut = side * math.sqrt(fraction)
    ends = [
        slice(max(0, round(middle - cut / 2)), min(side, round(middle + cut / 2)))
        for middle in torch.randint(side, (2,), generator=generator).tolist()
    ]
    mixed = inputs.clone()
    mixed[:, :, ends[0], ends[1]] = others[:, :, ends[0], ends[1]]
    return mixed, math.prod(end.stop - end.start for end in ends) / side**2


def _mixup(inputs: Tensor, others: Tensor, fraction: float, _: torch.Generator) -> tuple[Tensor, float]:
    return inputs.lerp(others, fraction), fraction


def _uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def _resized_crop(inputs: Tensor, smallest: float, side: int, generator: torch.Generator) -> Tensor:
    """A window of each image, resized to this side (Szegedy et al., Going Deeper with Convolutions, CVPR 2015)."""
    count = len(inputs)
    area = _uniform(smallest, 1, count, generator)
    spread = math.log(RATIO) if smallest < 1 else 0.0
    ratio = torch.exp(_uniform(-spread, spread, count, generator))
    sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1).clamp_(max=1)
    middles = (2 * torch.rand(count, 2, generator=generator) - 1) * (1 - sides)
    transform = torch.cat([torch.diag_embed(sides), middles[:, :, None]], dim=2).to(inputs)
    grid = functional.affine_grid(transform, [count, 3, side, side], align_corners=False)
    return functional.grid_sample(inputs, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _color_jitter(inputs: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation times a factor of their own around 1 for each image."""
    factors = _uniform(1 - strength, 1 + strength, 3 * len(inputs), generator).to(inputs)
    brightness, contrast, saturation = factors.reshape(3, -1, 1, 1, 1)
    inputs = (inputs + 1) * brightness - 1
    mean = inputs.mean((1, 2, 3), keepdim=True)
    inputs = mean + (inputs - mean) * contrast
    grey = inputs.mean(1, keepdim=True)
    jittered: Tensor = grey + (inputs - grey) * saturation
    return jittered.clamp_(-1, 1)
