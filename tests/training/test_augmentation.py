"""Augmentation: each kind alone, drawn from the generator, and nothing where nothing is asked."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bakeoff.config.schema import Recipe
from bakeoff.training.augmentation import augment, mix, side_in, vary


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photos(count: int, side: int = 16) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=seeded()) * 2 - 1


def test_without_augmentation_images_stay() -> None:
    images = torch.randint(0, 255, (4, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator())
    assert augment(images, Recipe(), torch.Generator()) is images


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    images = torch.randint(0, 255, (200, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator())
    flipped = augment(images, Recipe(horizontal_flip=True), torch.Generator().manual_seed(0))
    mirrored = (flipped == images.flip(2)).flatten(1).all(1)
    kept = (flipped == images).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 70 < mirrored.sum() < 130


@pytest.mark.parametrize("border", [1, 3])
def test_a_random_crop_is_a_window_of_the_reflected_image(border: int) -> None:
    images = torch.randint(0, 255, (60, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator())
    crops = augment(images, Recipe(random_crop=border), torch.Generator().manual_seed(0)).numpy()
    offsets = set()
    for image, crop in zip(images.numpy(), crops, strict=True):
        padded = np.pad(image, ((border, border), (border, border), (0, 0)), mode="reflect")
        found = [
            (y, x)
            for y in range(2 * border + 1)
            for x in range(2 * border + 1)
            if (padded[y : y + 8, x : x + 8] == crop).all()
        ]
        assert found
        offsets.update(found)
    assert len(offsets) > 2 * border


def test_without_variation_inputs_stay_and_nothing_is_drawn() -> None:
    inputs, generator = photos(4), seeded()
    before = generator.get_state()
    assert vary(inputs, Recipe(), inputs.shape[-1], generator) is inputs
    assert mix(inputs, torch.arange(4), Recipe(), generator) == (inputs, None)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    "recipe", [Recipe(resized_crop=0.3), Recipe(color_jitter=0.4), Recipe(cutmix=1.0), Recipe(mixup=1.0)]
)
def test_the_generator_decides_and_values_stay_in_their_range(recipe: Recipe) -> None:
    inputs, labels = photos(6), torch.arange(6)

    def drawn(seed: int) -> torch.Tensor:
        generator = seeded(seed)
        return mix(vary(inputs, recipe, inputs.shape[-1], generator), labels, recipe, generator)[0]

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))
    assert drawn(0).shape == inputs.shape
    assert drawn(0).abs().max() <= 1


def test_a_resized_crop_is_a_window_of_at_least_the_share_asked_for() -> None:
    ramp = torch.linspace(-1, 1, 33)[:-1] + 1 / 32  # its values are the places of the pixels
    across, down = ramp.expand(200, 32, 32), ramp[:, None].expand(200, 32, 32)
    inputs = torch.stack([across, down, torch.zeros(200, 32, 32)], dim=1)
    crops = vary(inputs, Recipe(resized_crop=0.25), inputs.shape[-1], seeded())
    widths = (crops[:, 0, 16, 24] - crops[:, 0, 16, 8]) / (ramp[24] - ramp[8])
    heights = (crops[:, 1, 24, 16] - crops[:, 1, 8, 16]) / (ramp[24] - ramp[8])
    areas, ratios = widths * heights, widths / heights
    assert 0.2 < areas.min() < 0.35
    assert 0.9 < areas.max() <= 1.001
    assert ratios.min() > 0.74
    assert ratios.max() < 1.34
    assert widths.max() <= 1.001


def test_jitter_keeps_what_it_does_not_touch() -> None:
    grey = torch.full((50, 3, 4, 4), -0.5)
    jittered = vary(grey, Recipe(color_jitter=0.2), grey.shape[-1], seeded())
    assert jittered.flatten(1).std(1).max() < 1e-6, "an even grey has neither contrast nor saturation"
    brightness = (jittered[:, 0, 0, 0] + 1) / 0.5
    assert 0.8 <= brightness.min() < 0.85
    assert 1.15 < brightness.max() <= 1.2001


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(8, 20))
def test_cutmix_pastes_one_rectangle_and_tells_its_share(seed: int, count: int, side: int) -> None:
    inputs = torch.arange(count).float()[:, None, None, None].expand(count, 3, side, side)
    labels = torch.arange(count)
    mixed, mixture = mix(inputs, labels, Recipe(cutmix=1.0), seeded(seed))
    assert mixture is not None
    assert sorted(mixture.targets.tolist()) == labels.tolist()
    for number, other in enumerate(mixture.targets.tolist()):
        pasted = mixed[number, 0] == other
        assert ((mixed[number] == number) | (mixed[number] == other)).all()
        if other != number:
            assert pasted.sum() == round(mixture.fraction * side**2)
            rows, columns = (np.flatnonzero(pasted.any(axis)) for axis in (1, 0))
            assert len(rows) * len(columns) == pasted.sum(), "a rectangle"


def test_mixup_blends_and_tells_the_share() -> None:
    inputs = torch.arange(5).float()[:, None, None, None].expand(5, 3, 8, 8)
    mixed, mixture = mix(inputs, torch.arange(5), Recipe(mixup=1.0), seeded())
    assert mixture is not None
    expected = (1 - mixture.fraction) * torch.arange(5) + mixture.fraction * mixture.targets
    torch.testing.assert_close(mixed, expected[:, None, None, None].expand_as(inputs))


def test_each_batch_is_mixed_in_one_way_at_most() -> None:
    generator, inputs = seeded(), photos(4)
    counts = {"cutmix": 0, "mixup": 0, "neither": 0}
    for _ in range(400):
        mixed, mixture = mix(inputs, torch.arange(4), Recipe(cutmix=0.25, mixup=0.5), generator)
        if mixture is None:
            counts["neither"] += 1
            continue
        own = torch.isclose(mixed, inputs) | torch.isclose(mixed, inputs[mixture.targets])
        counts["cutmix" if own.all() else "mixup"] += 1
    assert 70 < counts["cutmix"] < 140
    assert 160 < counts["mixup"] < 240


def test_a_lower_resolution_shows_the_same_images() -> None:
    ramp = torch.linspace(-1, 1, 33)[:-1] + 1 / 32
    inputs = ramp.expand(2, 3, 32, 32)
    smaller = vary(inputs, Recipe(), 16, seeded())
    assert smaller.shape == (2, 3, 16, 16)
    torch.testing.assert_close(smaller, inputs.unflatten(3, (16, 2)).mean(4)[:, :, ::2])


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ((1.0, 1.0), [64, 64, 64, 64, 64]),
        ((0.7, 0.7), [45, 45, 45, 45, 45]),
        ((0.5, 1.0), [32, 40, 48, 56, 64]),
        ((0.5, 0.75), [32, 32, 40, 48, 48]),
        ((1.0, 0.75), [64, 64, 56, 48, 48]),
    ],
)
def test_the_resolution_goes_from_the_first_epochs_to_the_lasts(
    resolution: tuple[float, float], expected: list[int]
) -> None:
    recipe = Recipe(epochs=5, progressive_resolution=resolution)
    assert [side_in(epoch, recipe, 64) for epoch in range(1, 6)] == expected
    assert side_in(1, replace(recipe, epochs=1), 64) == expected[0]


def test_cutmix_mixes_the_fraction_of_batches_asked_for() -> None:
    generator = seeded()
    mixed = [mix(photos(2), torch.arange(2), Recipe(cutmix=0.5), generator)[1] for _ in range(400)]
    assert 160 < sum(mixture is not None for mixture in mixed) < 240
