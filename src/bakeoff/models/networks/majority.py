"""The lowest baseline: the same answer for every image."""

import torch
from torch import Tensor, nn

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits


@networks.register("majority")
class Majority(nn.Module):
    """Learns how frequent the classes are and ignores the image: chance level."""

    traits = Traits(baseline=True, ignores_input=True)

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.zeros(num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S), to the same logits for each, float32 (N, K)."""
        return self.frequencies.expand(len(images), -1)
