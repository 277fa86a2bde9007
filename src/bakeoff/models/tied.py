"""Layers that share their weights where none should, told from a state dict alone."""

import hashlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bakeoff.core.mistake import Mistake
from bakeoff.models.architecture import Architecture
from bakeoff.models.factory import create

TIED, MEANT = "net3-tied", "net3"
SIZE = 64
"""Height and width of the homework's images, in pixels: with another the linear layers have other sizes."""
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def mistakes_of_weights(name: str, weights: Mapping[str, Tensor]) -> Iterator[Mistake]:
    """Weights that several layers share, and the homework's third network with one layer used ten times.

    Args:
        name: What the state dict is called.
        weights: Tensors by name.
    """
    layers = {key: value for key, value in weights.items() if value.ndim > 1}
    same: dict[object, list[str]] = {}
    for key, value in layers.items():
        same.setdefault((value.shape, value.dtype, _content(value)), []).append(key)
    if tied := next((keys for keys in same.values() if len(keys) > 1), None):
        text = f"{name}: {tied[0]} has the very weights of {', '.join(tied[1:])}: one layer is used {len(tied)} times"
        yield Mistake("tied-layers", f"{text} (a list that repeats a layer instead of making new ones).")
        return
    total = sum(value.numel() for key, value in weights.items() if not key.endswith(BUFFERS))
    classes = min((len(value) for value in layers.values() if value.ndim == 2), default=0)
    if classes > 1 and total == _parameters(TIED, classes):
        text = f"{name} has {total:,} parameters, those of {TIED}: one convolution is used ten times; ten make"
        yield Mistake("tied-layers", f"{text} {_parameters(MEANT, classes):,}.")


def mistakes_of_layers(name: str, architecture: Architecture) -> Iterator[Mistake]:
    """Layers that are called more often than they have weights of their own."""
    again = [layer.name for layer in architecture.layers if layer.shared]
    if again:
        text = f"{name}: {len(again)} calls of {', '.join(dict.fromkeys(again))} use weights that an earlier call used."
        yield Mistake("tied-layers", text)


def _content(value: Tensor) -> bytes:
    plain = value.detach().resolve_conj().resolve_neg()
    ordered = plain.clone(memory_format=torch.contiguous_format)  # strides of one row may be anything to `contiguous`
    return hashlib.sha256(ordered.view(torch.uint8).numpy().data).digest()


def _parameters(name: str, classes: int) -> int:
    """Counted without memory for them: a file may have a layer of any size."""
    with torch.device("meta"):
        return sum(value.numel() for value in create(name, classes, SIZE).parameters())
