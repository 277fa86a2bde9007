"""How the signal and its gradient fare on their way through a network."""

import copy
import math
from collections import Counter

import torch
from torch import Tensor, nn

from bakeoff.training.losses import plain_losses

PROBE_IMAGES = 64
ByLayer = dict[str, float | None]
"""A number per layer, from input to output; None where it is not finite."""


def probe(network: nn.Module, inputs: Tensor, targets: Tensor) -> tuple[ByLayer, ByLayer, ByLayer]:
    """Measures one forward and backward pass in training mode, on a copy: the network and the random state stay.

    Args:
        network: Any network.
        inputs: float32 (B, 3, S, S) in [-1, 1].
        targets: int64 (B,), or float32 (B, K), as of `losses.loss`.

    Returns:
        For each layer that is called and has a weight matrix or kernel: the L2 norm of the loss's gradient by the
        weight; the L2 norm of the weight; and the mean over its units of the standard deviation of the output over the
        images. What a bias adds is the same for all images and counts for nothing: only what differs between images is
        a signal.
    """
    twin = copy.deepcopy(network).train()
    twin.zero_grad()
    layers = {name: layer for name, layer in twin.named_modules() if _has_weight(layer)}
    scales: ByLayer = {}
    calls: Counter[str] = Counter()

    def watch(name: str) -> None:
        def keep(_layer: nn.Module, _inputs: object, output: Tensor) -> None:
            calls[name] += 1
            scale = output.detach().std(dim=0).mean().item()
            scales[name if calls[name] == 1 else f"{name} ({calls[name]})"] = _finite(scale)

        layers[name].register_forward_hook(keep)

    for name in layers:
        watch(name)
    with torch.random.fork_rng(devices=[inputs.device] if inputs.is_cuda else [], device_type="cuda"):
        plain_losses(twin(inputs), targets).mean().backward()
    norms = {name: _gradient_norm(layer) for name, layer in layers.items() if calls[name]}
    weights = {name: _finite(layers[name].weight.detach().norm().item()) for name in norms}
    return norms, weights, scales


def _has_weight(layer: nn.Module) -> bool:
    weight = getattr(layer, "weight", None)
    return isinstance(weight, nn.Parameter) and weight.ndim > 1


def _gradient_norm(layer: nn.Module) -> float | None:
    gradient = layer.weight.grad
    return _finite(gradient.norm().item()) if isinstance(gradient, Tensor) else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
