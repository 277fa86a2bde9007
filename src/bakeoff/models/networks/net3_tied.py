"""net3 as many have handed it in, by a list that repeats one layer instead of making ten."""

from torch import Tensor
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.blocks import CHANNELS, FURTHER, Head, Network, Stem, conv3x3


@networks.register("net3-tied")
class Net3Tied(Network):
    """net3 with one convolution applied ten times, so that the ten share their weights."""

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.stem = Stem(image_size)
        self.body = conv3x3(CHANNELS, CHANNELS)
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        maps = self.stem(images)
        for _ in range(FURTHER):
            maps = relu(self.body(maps))
        logits: Tensor = self.head(maps)
        return logits
