"""Layer tables, and what describing a network must leave alone."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, max_pool2d

from bakeoff.core.registry import networks
from bakeoff.models.architecture import Layer, Traits
from bakeoff.models.factory import create
from bakeoff.models.summary import describe, settings, traits_of, undisturbed


def test_the_rows_of_net1() -> None:
    layers = describe(create("net1", 5, 64), 64).layers
    assert layers == (
        Layer("stem.conv1", "Conv2d", "3→16, kernel 3", (16, 62, 62), 448, False, 62 * 62 * 16 * 3 * 9, 3),
        Layer("stem.pool1", "MaxPool2d", "kernel 2", (16, 31, 31), 0, False, 0, 4),
        Layer("stem.conv2", "Conv2d", "16→32, kernel 3", (32, 29, 29), 4640, False, 29 * 29 * 32 * 16 * 9, 8),
        Layer("stem.pool2", "MaxPool2d", "kernel 2", (32, 14, 14), 0, False, 0, 10),
        Layer("head.flatten", "Flatten", "", (6272,), 0, False, 0, None),
        Layer("head.hidden", "Linear", "6272→64", (64,), 6272 * 64 + 64, False, 6272 * 64, None),
        Layer("head.logits", "Linear", "64→5", (5,), 64 * 5 + 5, False, 64 * 5, None),
    )


@pytest.mark.parametrize("name", networks.names())
def test_the_rows_add_up_to_the_sums(name: str) -> None:
    network = create(name, 5, 24)
    architecture = describe(network, 24)
    assert architecture.parameters == sum(parameter.numel() for parameter in network.parameters())
    uncalled = network.heatmaps.parameters() if hasattr(network, "heatmaps") else ()
    called = architecture.parameters - sum(parameter.numel() for parameter in uncalled)
    assert called == sum(layer.parameters for layer in architecture.layers)
    assert architecture.macs == sum(layer.macs for layer in architecture.layers)
    assert architecture.receptive_field == max(layer.receptive_field or 0 for layer in architecture.layers)


@pytest.mark.parametrize(
    ("name", "field"),
    [("net1", 10), ("net2", 10)] + [(name, 90) for name in ("net3", "net3-tied", "net3-he", "net3-bn", "net3-skip")],
)
def test_the_receptive_fields_of_the_homework_are_not_clipped_to_the_image(name: str, field: int) -> None:
    assert describe(create(name, 5, 64), 64).receptive_field == field


class Functional(nn.Module):
    """Holds its weights itself, and shares one tensor with a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(8, 3, 3, 3))
        self.first = nn.Linear(8, 8, bias=False)
        self.second = nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.frozen = nn.Linear(8, 2).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, 3, S, S) to (N, 2)."""
        maps = max_pool2d(conv2d(images, self.kernel, stride=2), 2)
        logits: Tensor = self.frozen(self.second(self.first(maps.amax((2, 3)))))
        return logits


def test_what_is_computed_outside_of_layers_counts_in_the_sums() -> None:
    architecture = describe(Functional(), 9)
    assert architecture.parameters == 8 * 27 + 8 * 8 + 8
    assert architecture.macs == 4 * 4 * 8 * 27 + 8 * 8 + 8 * 8 + 8 * 2
    assert architecture.receptive_field == 9
    assert [(layer.parameters, layer.shared) for layer in architecture.layers] == [(64, False), (8, True), (0, False)]


def test_groups_divide_the_macs() -> None:
    network = nn.Sequential(nn.Conv2d(3, 6, 3, groups=3, padding=1), nn.Flatten(), nn.Linear(6 * 64, 2))
    assert describe(network, 8).layers[0].macs == 8 * 8 * 6 * 9


def test_a_network_without_maps_has_no_receptive_field() -> None:
    architecture = describe(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2)), 8)
    assert architecture.receptive_field == 0
    assert [layer.receptive_field for layer in architecture.layers] == [None, None]


class Attention(nn.Module):
    """A sixteenth of the image a token, attention over the tokens, and back to a map."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.map = nn.Conv2d(8, 2, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, 3, S, S) to (N, 2)."""
        maps = self.patches(images)
        tokens = maps.flatten(2).transpose(1, 2)
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        logits: Tensor = self.map(mixed.transpose(1, 2).reshape(maps.shape)).mean((2, 3))
        return logits


def test_attention_is_counted_and_takes_in_the_whole_image() -> None:
    architecture = describe(Attention(), 16)
    projections, products = 4 * 16 * 8 * 8, 2 * 16 * 16 * 8
    assert architecture.macs == 16 * 3 * 8 * 16 + projections + products + 16 * 8 * 2
    assert [layer.receptive_field for layer in architecture.layers if layer.name == "patches"] == [4]
    assert [layer.receptive_field for layer in architecture.layers if layer.name == "map"] == [16]


def test_a_network_that_is_one_layer_has_a_row() -> None:
    class Alone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3, 2))

        def forward(self, images: Tensor) -> Tensor:
            return images.mean((2, 3)) @ self.weight

    (layer,) = describe(Alone(), 8).layers
    assert (layer.name, layer.kind, layer.output, layer.macs) == ("network", "Alone", (2,), 6)
    assert layer.receptive_field is None


class Noisy(nn.Module):
    """Draws at random in evaluation mode too."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout()
        self.linear = nn.Linear(3, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, 3, S, S) to (N, 2)."""
        logits: Tensor = self.linear(self.drop(self.norm(images + torch.rand(1))).mean((2, 3)))
        return logits


def test_the_network_is_left_as_it_was() -> None:
    network = Noisy()
    network.norm.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    describe(network, 8)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert (network.training, network.norm.training, network.drop.training) == (True, False, True)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def stop_inside(network: Noisy) -> None:
    with undisturbed(network):
        assert not network.drop.training
        raise ValueError("stop")


def test_modes_are_restored_after_an_error_too() -> None:
    network = Noisy()
    with pytest.raises(ValueError, match="stop"):
        stop_inside(network)
    assert network.training
    assert network.drop.training


def test_a_network_declares_what_it_is() -> None:
    assert describe(create("majority", 5, 16), 16).traits == Traits(baseline=True, ignores_input=True)
    assert describe(create("net3", 5, 16), 16).traits == Traits()
    remedies = {name for name in networks.names() if "net3" in traits_of(networks[name]).remedies_for}
    assert remedies == {"net3-he", "net3-bn", "net3-skip"}
    assert all(traits_of(networks[name]).remedy for name in remedies)


def test_an_attribute_of_that_name_which_declares_nothing_is_not_taken_for_it() -> None:
    network = nn.Flatten()
    network.traits = "tall"  # type: ignore[assignment]
    assert traits_of(network) == Traits()


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(3, 16, 3), "3→16, kernel 3"),
        (nn.Conv2d(3, 16, 3, padding=1), "3→16, kernel 3, padding 1"),
        (nn.Conv2d(4, 8, (1, 7), 2, (0, 3), groups=2), "4→8, kernel 1x7, stride 2, padding 0x3, groups 2"),
        (nn.Conv2d(3, 3, 3, padding="same", dilation=2), "3→3, kernel 3, padding same, dilation 2"),
        (nn.MaxPool2d(2), "kernel 2"),
        (nn.MaxPool2d(3, 2, 1), "kernel 3, stride 2, padding 1"),
        (nn.AvgPool2d((2, 2)), "kernel 2"),
        (nn.Linear(6272, 64), "6272→64"),
        (nn.BatchNorm2d(32), "32"),
        (nn.Flatten(), ""),
        (nn.Dropout(0.25), "p=0.25, inplace=False"),
    ],
)
def test_the_settings_are_those_that_matter(layer: nn.Module, words: str) -> None:
    assert settings(layer) == words
