"""What can be said of a network without training it: its layers, learnable parameters, MACs and receptive field."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.models.architecture import Architecture, Layer, Traits
from bakeoff.models.receptive_field import ReceptiveFields

Setting = int | str | Sequence[int]


def describe(network: nn.Module, image_size: int) -> Architecture:
    """Lists what a forward pass of one image calls and computes, in evaluation mode; the network is left as it was.

    There is a row per call of each module without children. What the network computes outside of such modules, and
    layers that only its training calls, count in the sums alone.
    """
    device = next((parameter.device for parameter in network.parameters()), None)
    image = torch.zeros(1, 3, image_size, image_size, device=device)
    with undisturbed(network), _unfused(), FlopCounterMode(display=False) as counter, ReceptiveFields(image) as fields:
        table = _LayerTable(network, counter, fields)
        with table.recording():
            network(image)
    return Architecture(
        parameters=sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
        macs=counter.get_total_flops() // 2,
        receptive_field=fields.largest,
        layers=tuple(table.rows),
        traits=traits_of(network),
    )


def traits_of(network: object) -> Traits:
    """What a network, or the class that makes it, declares of itself."""
    traits = getattr(network, "traits", None)
    return traits if isinstance(traits, Traits) else Traits()


@contextmanager
def undisturbed(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for a block, after which the mode of each module and torch's random state are as before."""
    modes = [(module, module.training) for module in network.modules()]
    try:
        network.eval()
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _unfused() -> Iterator[None]:
    """Attention as plain matrix products: the fused kernels, some of which need gradients off, are not counted."""
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        yield


class _LayerTable:
    """Writes a row after each call of a module without children."""

    def __init__(self, network: nn.Module, counter: FlopCounterMode, fields: ReceptiveFields) -> None:
        self.rows: list[Layer] = []
        self._counter = counter
        self._fields = fields
        self._names = {module: name for name, module in network.named_modules() if not any(module.children())}
        self._counted: set[nn.Parameter] = set()
        self._flops_before = 0

    @contextmanager
    def recording(self) -> Iterator[None]:
        with ExitStack() as hooks:
            for module in self._names:
                hooks.callback(module.register_forward_pre_hook(self._start).remove)
                hooks.callback(module.register_forward_hook(self._finish).remove)
            yield

    def _start(self, module: nn.Module, inputs: object) -> None:
        self._flops_before = self._counter.get_total_flops()

    def _finish(self, module: nn.Module, inputs: object, outputs: object) -> None:
        output = next((leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor)), None)
        if output is None:
            return
        parameters = {parameter for parameter in module.parameters() if parameter.requires_grad}
        self.rows.append(
            Layer(
                name=self._names[module] or "network",
                kind=type(module).__name__,
                settings=settings(module),
                output=tuple(output.shape[1:]),
                parameters=sum(parameter.numel() for parameter in parameters - self._counted),
                shared=not parameters.isdisjoint(self._counted),
                macs=(self._counter.get_total_flops() - self._flops_before) // 2,
                receptive_field=self._fields.side(output),
            )
        )
        self._counted |= parameters


def settings(layer: nn.Module) -> str:
    """What defines a layer, such as "3→16, kernel 3, padding 1", without settings that do nothing."""
    match layer:
        case nn.Conv2d():
            return f"{layer.in_channels}→{layer.out_channels}, kernel {_size(layer.kernel_size)}" + _others(
                layer, {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
            )
        case nn.MaxPool2d():
            return f"kernel {_size(layer.kernel_size)}" + _others(
                layer, {"stride": layer.kernel_size, "padding": 0, "dilation": 1}
            )
        case nn.AvgPool2d():
            return f"kernel {_size(layer.kernel_size)}" + _others(layer, {"stride": layer.kernel_size, "padding": 0})
        case nn.Linear():
            return f"{layer.in_features}→{layer.out_features}"
        case nn.BatchNorm2d():
            return str(layer.num_features)
        case nn.Flatten():
            return ""
        case _:
            return layer.extra_repr()


def _others(layer: nn.Module, idle: Mapping[str, Setting]) -> str:
    """The settings that differ from the values with which they do nothing."""
    values = {name: _size(getattr(layer, name)) for name in idle}
    return "".join(f", {name} {value}" for name, value in values.items() if value != _size(idle[name]))


def _size(value: Setting) -> str:
    """One number for a square, else height x width."""
    sides = (value,) if isinstance(value, int | str) else value
    return "x".join(map(str, sides if len(set(sides)) > 1 else sides[:1]))
