"""Against an oracle: the rows of an image that turn a unit in the middle into NaN when they are NaN."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, relu

from bakeoff.models.factory import create
from bakeoff.models.receptive_field import ReceptiveFields


def probed(network: Callable[[Tensor], Tensor], size: int, width: int | None = None) -> int:
    """From the first to the last row that the middle unit of the first channel depends on; the image must be larger."""
    images = torch.zeros(size, 3, size, width or size)
    images[torch.arange(size), :, torch.arange(size)] = torch.nan
    with torch.no_grad():
        maps = network(images)
    rows = maps[:, 0, maps.shape[2] // 2, maps.shape[3] // 2].isnan().nonzero()
    assert rows.min() > 0
    assert rows.max() < size - 1
    return int(rows.max() - rows.min()) + 1


def followed(network: Callable[[Tensor], Tensor], size: int) -> int | None:
    image = torch.zeros(1, 3, size, size)
    with torch.no_grad(), ReceptiveFields(image) as fields:
        output = network(image)
    return fields.side(output)


def conv(inputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, 2, kernel, stride, padding=dilation * (kernel // 2), dilation=dilation)
    nn.init.ones_(layer.weight)
    return layer


@st.composite
def chains(draw: st.DrawFn) -> nn.Sequential:
    """A convolution, and up to three convolutions or pools of any kernel, stride and dilation up to 3, 2 and 2."""
    layers: list[nn.Module] = [conv(3, draw(st.integers(1, 3)), draw(st.integers(1, 2)))]
    for _ in range(draw(st.integers(0, 3))):
        kernel, stride, dilation = (draw(st.integers(1, top)) for top in (3, 2, 2))
        pools = [nn.MaxPool2d(kernel, stride, dilation=dilation), nn.AvgPool2d(kernel, stride)]
        layers.append(draw(st.sampled_from([conv(2, kernel, stride, dilation), *pools])))
    return nn.Sequential(*layers)


@given(chain=chains())
@settings(max_examples=30, deadline=None)
def test_chains_of_convolutions_and_pools(chain: nn.Sequential) -> None:
    assert followed(chain, 80) == probed(chain, 80)


class Residual(nn.Module):
    """Paths of several lengths that meet, one layer that is called twice, and functions in place of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv(3, 3)
        self.shared = conv(2, 3)
        self.wide = conv(2, 3, dilation=3)
        self.down = conv(4, 3, stride=2)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, 3, S, S) to (N, 2, S / 8, S / 8)."""
        maps = relu(max_pool2d(self.first(images), 2))
        maps = maps + self.shared(relu(self.shared(maps)))
        maps = torch.cat([maps, self.wide(maps)], dim=1)
        maps += 1
        return avg_pool2d(self.down(maps), 2)


def test_paths_that_meet_take_the_longest() -> None:
    assert followed(Residual(), 64) == probed(Residual(), 64) == 32


@pytest.mark.parametrize("name", ["net1", "net2", "net3-bn", "net3-skip"])
def test_the_networks_of_the_homework(name: str) -> None:
    network = create(name, 5, 104).eval()
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)

    def maps(images: Tensor) -> Tensor:
        out: Tensor = network.get_submodule("stem")(images)
        if not name.startswith("net3"):
            return out
        for convolution in network.get_submodule("body").children():
            out = out + relu(convolution(out)) if name == "net3-skip" else relu(convolution(out))
        return out

    assert followed(maps, 104) == probed(maps, 104, width=16)


def test_height_and_width_are_kept_apart() -> None:
    crossed = nn.Sequential(nn.Conv2d(3, 2, (1, 7)), nn.Conv2d(2, 2, (7, 1)), nn.Conv2d(2, 2, (2, 3)))
    assert followed(crossed, 32) == 9


@pytest.mark.parametrize(
    "pool",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveMaxPool2d(1),
        lambda maps: maps.mean((2, 3), keepdim=True),
        lambda maps: maps.amax((-1, -2), keepdim=True),
        lambda maps: maps.max(-1)[0].max(-1)[0][:, :, None, None],
        lambda maps: maps.flatten(2).sum(2)[:, :, None, None],
    ],
)
def test_global_pooling_takes_in_the_whole_image(pool: Callable[[Tensor], Tensor]) -> None:
    layer = conv(3, 3)
    assert followed(lambda images: pool(layer(images)), 32) == 32


def test_a_reduction_over_channels_takes_in_nothing_more() -> None:
    assert followed(lambda images: images.mean(1, keepdim=True), 32) == 1
    assert followed(lambda images: torch.maximum(images, -images), 32) == 1


@pytest.mark.parametrize("parts", [4, 7])
@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d])
def test_adaptive_pooling_takes_in_its_widest_window(pool: type[nn.Module], parts: int) -> None:
    network = nn.Sequential(conv(3, 3, stride=2), pool(parts))
    assert followed(network, 32) == probed(network, 32)


def test_interpolation_is_left_out() -> None:
    layer = conv(3, 3)
    assert followed(lambda images: layer(interpolate(images, scale_factor=2)), 16) == 3


def test_without_height_and_width_there_is_no_field() -> None:
    assert followed(nn.Flatten(), 8) is None
    assert followed(lambda _: torch.zeros(1, 3, 8, 8), 8) is None
