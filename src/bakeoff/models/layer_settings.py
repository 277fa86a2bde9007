"""What defines a layer, in a few words."""

from collections.abc import Mapping, Sequence

from torch import nn


def settings(layer: nn.Module) -> str:
    """What defines a layer, such as "3→16, kernel 3, padding 1"; settings that do nothing are left out."""
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


Setting = int | str | Sequence[int]


def _others(layer: nn.Module, idle: Mapping[str, Setting]) -> str:
    """The settings that differ from the values with which they do nothing."""
    values = {name: _size(getattr(layer, name)) for name in idle}
    return "".join(f", {name} {value}" for name, value in values.items() if value != _size(idle[name]))


def _size(value: Setting) -> str:
    """One number for a square, else height x width."""
    sides = (value,) if isinstance(value, int | str) else value
    return "x".join(map(str, sides if len(set(sides)) > 1 else sides[:1]))
