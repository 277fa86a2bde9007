"""The features of a frozen network, computed once: a linear probe takes seconds in place of minutes."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.progress import Beat
from bakeoff.models.prepared import Prepared
from bakeoff.training.batches import Features, Split
from bakeoff.training.cuda_graph import DRAWN

BATCH = 128
VARYING = (*DRAWN, "progressive_resolution", "tta_scales", "tta_flip", "localization_weight")


def with_features(
    network: nn.Module, splits: dict[str, Split], recipe: Recipe, beat: Beat = lambda: None
) -> tuple[nn.Module, dict[str, Split]]:
    """What is trained on what: the last layer on features, where the rest is frozen and an image is always the same.

    Args:
        network: The whole network; the last layer stays a part of it.
        splits: The images.
        recipe: How it is trained.
        beat: Called after each batch.
    """
    plain = Recipe()
    head = network.network.get_submodule(network.head) if isinstance(network, Prepared) and network.head else None
    varies = any(getattr(recipe, key) != getattr(plain, key) for key in VARYING)
    if recipe.freeze != "backbone" or varies or not isinstance(network, Prepared) or not isinstance(head, nn.Linear):
        return network, splits
    found: dict[str, Split] = {
        name: Features(_features(network, head, split, beat), split) for name, split in splits.items()
    }
    return nn.Sequential(OrderedDict(head=head)), found


def _features(network: nn.Module, head: nn.Linear, split: Split, beat: Beat) -> Tensor:
    """What the last layer gets for the images of a split, in evaluation mode: float32 (N, F)."""
    found, given = torch.empty(len(split), head.in_features, device=split.labels.device), list[Tensor]()
    hook = head.register_forward_pre_hook(lambda _layer, inputs: given.append(inputs[0].detach().float()))
    try:
        network.eval()
        with torch.no_grad():
            for start, (images, _) in zip(range(0, len(split), BATCH), split.in_order(BATCH), strict=True):
                network(images)
                found[start : start + BATCH] = given.pop()  # at once, as in `evaluate`
                beat()
    finally:
        hook.remove()
    return found
