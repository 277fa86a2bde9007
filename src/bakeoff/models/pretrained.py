"""Networks of the model libraries timm and torchvision, by name."""

import importlib
from collections.abc import Callable

from bakeoff.core.errors import NetworkError

LIBRARIES = {"timm": ("timm", "create_model"), "torchvision": ("torchvision.models", "get_model")}
"""For each library the module and the function that gives a model by its name, without trained weights."""


def is_library(name: str) -> bool:
    """Whether a network is one of a library, such as "timm:resnet18"."""
    return name.partition(":")[0] in LIBRARIES and ":" in name


def library_factory(name: str) -> Callable[..., object]:
    """What makes the network of that name, given `num_classes`.

    Raises:
        NetworkError: The library is not installed.
    """
    library, _, model = name.partition(":")
    module, function = LIBRARIES[library]
    try:
        get: Callable[..., object] = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError:
        raise NetworkError(f"network {name!r} needs {library}, which is not installed: pip install {library}") from None
    return lambda num_classes: get(model, num_classes=num_classes)
