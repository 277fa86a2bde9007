"""A baseline: logistic regression on the pixels."""

from torch import Tensor, nn

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Traits


@networks.register("linear")
class Linear(nn.Module):
    """Multinomial logistic regression on the pixels: a baseline that every other network should beat."""

    traits = Traits(baseline=True)

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(3 * image_size * image_size, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        logits: Tensor = self.logits(self.flatten(images))
        return logits
