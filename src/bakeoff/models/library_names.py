"""The names of networks of the model libraries timm and torchvision; apart, so that reading a run loads no torch."""

LIBRARIES = {"timm": ("timm", "create_model"), "torchvision": ("torchvision.models", "get_model")}
"""For each library the module and the function that gives a model by its name."""


def is_library(name: str) -> bool:
    """Whether a network is one of a library, such as "timm:resnet18"."""
    return name.partition(":")[0] in LIBRARIES and ":" in name
