"""What is wrong with networks and recipes, found before any photo is read."""

from collections.abc import Sequence

import torch
from torch import nn

from bakeoff.config.experiment import Variant
from bakeoff.config.schema import Recipe, TrainingConfig
from bakeoff.core.errors import NetworkError, in_one_line
from bakeoff.models.factory import create
from bakeoff.models.summary import undisturbed
from bakeoff.training.augmentation import side_in
from bakeoff.training.device import choose_device
from bakeoff.training.observer import check_tensorboard
from bakeoff.training.tta import scaled_side


def check(config: TrainingConfig, variants: Sequence[Variant], class_count: int) -> None:
    """Builds the network of each variant once, to find what is wrong before any photo is read.

    Raises:
        ConfigError: There is no such network or device, or the library for event files is missing.
        NetworkError: A network can't be built, or does not fit the image size and number of classes.
    """
    choose_device(config.device)
    if config.tensorboard:
        check_tensorboard()
    with torch.random.fork_rng(devices=[]):
        for variant in variants:
            name, recipe, size = variant.network, variant.recipe, variant.data.size
            check_recipe(name, create(name, class_count, size, recipe), recipe, size)


def check_recipe(name: str, network: nn.Module, recipe: Recipe, size: int) -> None:
    """Refuses a recipe that a network can't take: a resolution, or the auxiliary loss."""
    wanted = {scaled_side(scale, size): ("evaluated", "tta_scales at [1.0]") for scale in recipe.tta_scales}
    epochs = range(1, recipe.epochs + 1)
    wanted |= {side_in(epoch, recipe, size): ("trained", "progressive_resolution at [1.0, 1.0]") for epoch in epochs}
    wanted.pop(size, None)  # it was built for this one
    for side, (use, key) in sorted(wanted.items()):
        try:
            with undisturbed(network), torch.no_grad():
                network(torch.zeros(2, 3, side, side))
        except Exception as error:  # a user's own network may raise anything
            raise NetworkError(
                f"network {name!r} can't be {use} at {side} pixels, as its recipe asks in a data set of {size}: "
                f"{in_one_line(error)}. Leave its training.{key}."
            ) from None
    if recipe.localization_weight and not hasattr(network, "forward_with_heatmaps"):
        raise NetworkError(
            f"network {name!r} has no method `forward_with_heatmaps`, which the auxiliary localisation loss of its "
            "recipe needs. Leave its training.localization_weight at 0."
        )
