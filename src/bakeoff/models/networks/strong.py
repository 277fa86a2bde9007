"""A small residual network made for such images: what they give away."""

from torch import Tensor, nn
from torch.nn.functional import relu

from bakeoff.core.registry import networks
from bakeoff.models.blocks import Network

WIDTHS = (32, 64, 128, 256)
BLOCKS = 2
SMALLEST = 4
"""A map of fewer pixels a side is not halved: batch norm needs several values per channel."""
RARE = -3.0
"""Where the logits of the heatmaps begin: most cells hold none of the classes."""


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and a shortcut around them.

    Sources: He et al., Deep Residual Learning, CVPR 2016; a shortcut that averages before its 1x1 convolution, and a
    last batch norm that begins at zero, as in He et al., Bag of Tricks, CVPR 2019.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if inputs != outputs:
            self.shortcut.extend([nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)])
        nn.init.zeros_(self.norm2.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps float32 (N, C, H, W) to float32 (N, D, h, w)."""
        branch = self.norm2(self.conv2(relu(self.norm1(self.conv1(maps)))))
        return relu(branch + self.shortcut(maps))


@networks.register("strong")
class Strong(Network):
    """A residual network for images of about 64 pixels: eight blocks, 2.8 million parameters.

    Its recipe is that of `bakeoff run strong` (docs/strong.md).
    """

    def __init__(self, num_classes: int, image_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(WIDTHS[0])
        self.pool = nn.MaxPool2d(2)
        self.body = nn.Sequential()
        channels, side = WIDTHS[0], image_size // 2
        for width in WIDTHS:
            stride = 2 if width != channels and side >= SMALLEST else 1
            side = -(-side // stride)
            for number in range(BLOCKS):
                self.body.append(Block(channels, width, stride if number == 0 else 1))
                channels = width
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        self.heatmaps = nn.Conv2d(WIDTHS[-2], num_classes, 1)
        nn.init.zeros_(self.heatmaps.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        return self._classify(self._features(images))

    def forward_with_heatmaps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and a heatmap per class from the features before the last stage, for an auxiliary loss.

        Args:
            images: float32 (N, 3, S, S) in [-1, 1].

        Returns:
            float32 (N, K), as `forward` gives them, and logits float32 (N, K, s, s), s about an eighth of S.
        """
        maps = self._features(images)
        return self._classify(maps), self.heatmaps(maps) + RARE

    def _features(self, images: Tensor) -> Tensor:
        """All stages but the last."""
        maps: Tensor = self.body[:-BLOCKS](self.pool(relu(self.norm1(self.conv1(images)))))
        return maps

    def _classify(self, maps: Tensor) -> Tensor:
        logits: Tensor = self.logits(self.flatten(self.mean(self.body[-BLOCKS:](maps))))
        return logits
