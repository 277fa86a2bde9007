"""What the networks share: a stem of two convolutions, ten further ones, and a head of two linear layers."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import relu

CHANNELS = 32
"""Channels of the stem's output and of every convolution after it."""

FURTHER = 10
"""How many convolutions net3 and its relatives have after the stem."""

Convolution = Callable[[int, int, int], nn.Module]
"""Makes a 3x3 convolution of stride 1 from its input channels, output channels and padding."""


def conv3x3(inputs: int, outputs: int, padding: int = 1) -> nn.Conv2d:
    """A 3x3 convolution of stride 1: (N, inputs, H, W) to (N, outputs, H, W), two pixels less without padding."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=padding)


class Network(nn.Module):
    """A network whose feature maps may lie channels last in memory, which makes convolutions on the CPU faster.

    A user's own network can have the attribute `channels_last` too, if it never calls `view` on its feature maps.
    """

    channels_last = True


class Stem(nn.Module):
    """Two 3x3 convolutions, to 16 and 32 channels, each with ReLU and 2x2 max pooling.

    Args:
        image_size: Side of the input in pixels, 8 or more.
        padding: Pixels of zeros around the input of each convolution, 0 or 1.
        convolution: Makes the convolutions.

    Attributes:
        features: Numbers that the output holds per image.
    """

    def __init__(self, image_size: int, padding: int = 1, convolution: Convolution = conv3x3) -> None:
        super().__init__()
        lost = 2 - 2 * padding
        side = (image_size - lost) // 2 - lost
        self.conv1 = convolution(3, 16, padding)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = convolution(16, CHANNELS, padding)
        # Images of 8 and 9 pixels leave a map of one pixel without padding; it has to pass the pool as it is.
        self.pool2 = nn.MaxPool2d(2, ceil_mode=side == 1)
        self.features = CHANNELS * max(side // 2, 1) ** 2

    def forward(self, images: Tensor) -> Tensor:
        """Maps float32 (N, 3, S, S) to float32 (N, 32, s, s), s about a quarter of S.

        ReLU comes after the pooling: output and gradients are the same as before it, for a quarter of the work.
        """
        maps = relu(self.pool1(self.conv1(images)))
        return relu(self.pool2(self.conv2(maps)))


class Head(nn.Module):
    """A linear layer of 64 units with ReLU, and a linear layer that gives the logits."""

    def __init__(self, features: int, num_classes: int) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(features, 64)
        self.logits = nn.Linear(64, num_classes)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps float32 (N, C, H, W) to logits float32 (N, K)."""
        logits: Tensor = self.logits(relu(self.hidden(self.flatten(maps))))
        return logits


class DeepNetwork(Network):
    """A stem, ten further convolutions 32 to 32 with padding 1 and ReLU, and a head.

    Args:
        num_classes: K, the number of logits.
        image_size: Side of the input in pixels, 8 or more.
        convolution: Makes the convolutions.
    """

    def __init__(self, num_classes: int, image_size: int, convolution: Convolution = conv3x3) -> None:
        super().__init__()
        self.stem = Stem(image_size, convolution=convolution)
        names = [f"conv{number}" for number in range(3, 3 + FURTHER)]
        self.body = nn.ModuleDict({name: convolution(CHANNELS, CHANNELS, 1) for name in names})
        self.head = Head(self.stem.features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps images, float32 (N, 3, S, S) in [-1, 1], to logits, float32 (N, K)."""
        maps = self.stem(images)
        for convolution in self.body.values():
            maps = self.transform(maps, convolution)
        logits: Tensor = self.head(maps)
        return logits

    def transform(self, maps: Tensor, convolution: nn.Module) -> Tensor:
        """What one of the further convolutions makes of the feature maps, float32 (N, 32, s, s)."""
        return relu(convolution(maps))
