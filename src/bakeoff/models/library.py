"""Networks of the model libraries timm and torchvision, by name, with or without their pretrained weights."""

import importlib
from collections.abc import Callable

import msgspec
from torch import nn

from bakeoff.core.errors import NetworkError, in_one_line
from bakeoff.models.library_names import LIBRARIES
from bakeoff.models.prepared import HALF, InputSettings, head_of
from bakeoff.models.weights import begin_anew

DROP_PATH = {"timm": "drop_path_rate", "torchvision": "stochastic_depth_prob"}
"""What each calls the probability that a residual branch is dropped."""


class _TimmSettings(msgspec.Struct):
    """What timm says of a model's input, `pretrained_cfg`."""

    input_size: tuple[int, int, int] = (3, 0, 0)
    mean: tuple[float, float, float] = HALF.mean
    std: tuple[float, float, float] = HALF.deviation
    interpolation: str = "bilinear"


def library_factory(name: str, *, pretrained: bool = False, drop_path: float = 0.0) -> Callable[..., object]:
    """What makes the network of that name, given `num_classes`.

    Args:
        name: Such as "timm:resnet18".
        pretrained: Whether it gets the weights that the library offers, through its own hub, and a new head.
        drop_path: Probability that a residual branch is dropped in training (stochastic depth), where the network
            has it.

    Raises:
        NetworkError: The library is not installed.
    """
    library, _, model = name.partition(":")
    module, function = LIBRARIES[library]
    try:
        get: Callable[..., nn.Module] = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError:
        raise NetworkError(f"network {name!r} needs {library}, which is not installed: pip install {library}") from None
    settings = {DROP_PATH[library]: drop_path} if drop_path else {}

    def make(num_classes: int) -> nn.Module:
        if not pretrained:
            network = _with_drop_path(name, get, model, num_classes=num_classes, **settings)
        elif library == "timm":
            network = _from_hub(name, get, model, pretrained=True, num_classes=num_classes, **settings)
            if getattr(network, "pretrained_cfg", {}).get("num_classes") != num_classes:
                begin_anew(network.get_submodule(head_of(network)))
        else:
            network = _with_new_head(name, _from_hub(name, get, model, weights="DEFAULT", **settings), num_classes)
        network.channels_last = True  # type: ignore[assignment]  # about twice as fast on the CPU
        return network

    return make


def input_settings(name: str, network: nn.Module) -> InputSettings:
    """How a library's network wants its input, as its own configuration says; [-1, 1] where that says nothing."""
    library, _, model = name.partition(":")
    if library == "timm":
        own = msgspec.convert(getattr(network, "pretrained_cfg", {}), _TimmSettings)
        return InputSettings(own.mean, own.std, own.input_size[-1], _mode(own.interpolation))
    try:
        weights = importlib.import_module("torchvision.models").get_model_weights(model).DEFAULT
        found = weights.transforms()
        return InputSettings(
            tuple(found.mean), tuple(found.std), found.crop_size[0], _mode(str(found.interpolation.value))
        )
    except (AttributeError, ValueError):
        return HALF


def _mode(interpolation: str) -> str:
    return interpolation if interpolation in {"bilinear", "bicubic"} else "bilinear"


def _with_drop_path(name: str, get: Callable[..., nn.Module], model: str, **settings: object) -> nn.Module:
    try:
        return get(model, **settings)
    except TypeError:
        if {*DROP_PATH.values()}.isdisjoint(settings):
            raise
        raise NetworkError(f"network {name!r} has no drop path; leave its training.drop_path at 0.") from None


def _from_hub(name: str, get: Callable[..., nn.Module], model: str, **settings: object) -> nn.Module:
    try:
        return _with_drop_path(name, get, model, **settings)
    except NetworkError:
        raise
    except Exception as error:  # the libraries raise whatever their hubs, and the network, raise
        raise NetworkError(
            f"the pretrained weights of {name!r} can't be had: {in_one_line(error)}. Give them as a file: "
            "training.pretrained = 'weights.safetensors', or leave training.pretrained at false."
        ) from None


def _with_new_head(name: str, network: nn.Module, num_classes: int) -> nn.Module:
    """The network with a linear layer for the classes in place of its last one."""
    head = head_of(network)
    layer = network.get_submodule(head) if head else None
    if not isinstance(layer, nn.Linear):
        raise NetworkError(f"network {name!r} has no linear layer as its head; timm's networks can be given a new one.")
    network.set_submodule(head, nn.Linear(layer.in_features, num_classes))
    return network
