"""Test-time augmentation."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.config.schema import Recipe
from bakeoff.models.factory import create
from bakeoff.training.tta import TestTimeAugmentation, scaled_side, with_tta


class Corners(nn.Module):
    """Answers with the side and the upper left and right pixels of the red channel."""

    def forward(self, images: Tensor) -> Tensor:
        """Float32 (N, 3, S, S) to (N, 3)."""
        red = images[:, 0]
        return torch.stack([torch.full((len(red),), float(red.shape[-1])), red[:, 0, 0], red[:, 0, -1]], 1)


def test_without_augmentation_the_network_is_left_as_it_is() -> None:
    network = Corners()
    assert with_tta(network, Recipe()) is network
    assert isinstance(with_tta(network, Recipe(tta_flip=True)), TestTimeAugmentation)
    assert isinstance(with_tta(network, Recipe(tta_scales=(1.25,))), TestTimeAugmentation)


def test_logits_are_averaged_over_scales_and_flips() -> None:
    images = torch.rand(4, 3, 16, 16)
    left, right = images[:, 0, 0, 0], images[:, 0, 0, -1]
    sizes = TestTimeAugmentation(Corners(), (1.0, 1.25), False)(images)
    torch.testing.assert_close(sizes[:, 0], torch.full((4,), 18.0))
    larger = functional.interpolate(images, size=20, mode="bilinear")
    torch.testing.assert_close(sizes[:, 1], (left + larger[:, 0, 0, 0]) / 2)
    mirrored = TestTimeAugmentation(Corners(), (1.0,), True)(images)
    torch.testing.assert_close(mirrored[:, 1], (left + right) / 2)
    torch.testing.assert_close(mirrored[:, 2], mirrored[:, 1])


def test_with_flips_mirrored_images_have_equal_logits() -> None:
    network = TestTimeAugmentation(create("net1", 3, 16).eval(), (1.0,), True)
    images = torch.rand(4, 3, 16, 16)
    torch.testing.assert_close(network(images), network(images.flip(3)))


def test_a_scaled_side_is_rounded_and_never_zero() -> None:
    assert [scaled_side(size, 64) for size in (0.25, 1.0, 1.1, 1.25)] == [16, 64, 70, 80]
    assert scaled_side(0.25, 1) == 1
