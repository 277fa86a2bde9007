"""What a trained network looks at: saliency of its predictions, what its last layer gets, its first filters."""

from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from bakeoff.core.types import Images, Labels
from bakeoff.training.batches import Split
from bakeoff.training.device import choose_device, reproducible, to_device
from bakeoff.training.localization import CELLS
from bakeoff.training.run import Run
from bakeoff.training.trained import load_network

BATCH = 64
LARGEST_BANK = 64
"""First-layer filters that are kept."""

Floats = npt.NDArray[np.float32]


class Sight(NamedTuple):
    """What was found of N images; the fields of a network that has no such layer are empty.

    Attributes:
        predicted: The predicted class of each, without test-time augmentation: int64 (N,).
        layer: Name of the layer whose maps the saliency is of: the last one in the convolutional part.
        saliency: Grad-CAM of the predicted class: float32 (N, CELLS, CELLS), not negative; of no fixed scale.
        features: What the last linear layer gets: float32 (N, F).
        filters: Of the first convolution, 0 in the middle of the range: uint8 (C, k, k, 3), RGB.
    """

    predicted: Labels
    layer: str
    saliency: Floats
    features: Floats
    filters: Images


def explain(run: Run, images: Images) -> Sight:
    """Explains a run's predictions for images, uint8 (N, S, S, 3), RGB; the same on one machine each time.

    Saliency is Grad-CAM: the maps of the last convolutional layer, weighted by the mean gradient of the predicted
    class's logit, summed, negative values left out (Selvaraju et al., ICCV 2017).

    Raises:
        StorageError: The run's weights are missing or damaged.
        NetworkError: The network can't be built.
    """
    device = choose_device(run.spec.device)
    with reproducible(run.spec.seed, run.spec.recipe.threads, device):
        network = to_device(load_network(run), device)
        watch = _Watch(network)
        split = Split(images, np.zeros(len(images), dtype=np.int64), device)
        try:
            batches = [_explain_batch(network, watch, inputs) for inputs, _ in split.in_order(BATCH)]
        finally:
            watch.end()
        predicted, saliency, features = (torch.cat(parts).numpy() for parts in zip(*batches, strict=True))
        return Sight(predicted, watch.layer, saliency, features, _filters(network))


class _Watch:
    """Sees the maps of the last convolutional layer, and what the last linear layer gets, as a network runs."""

    def __init__(self, network: nn.Module) -> None:
        self.layer, self.maps, self.features = "", torch.zeros(0), torch.zeros(0)
        self._convolved = False
        self._hooks = [layer.register_forward_hook(partial(self._see, name)) for name, layer in network.named_modules()]

    def _see(self, name: str, layer: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        self._convolved = self._convolved or isinstance(layer, nn.Conv2d)
        if self._convolved and isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1:
            self.layer, self.maps = name, output
        if isinstance(layer, nn.Linear) and inputs and isinstance(inputs[0], Tensor):
            self.features = inputs[0].detach().flatten(1).float()

    def end(self) -> None:
        for hook in self._hooks:
            hook.remove()


def _explain_batch(network: nn.Module, watch: _Watch, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Predicted classes, saliency and features of a batch, on the CPU."""
    with torch.enable_grad():
        logits = network(inputs.requires_grad_())  # of the input too, where all weights are frozen
    predicted = logits.argmax(1)
    saliency = torch.zeros(len(inputs), 0, 0)
    if watch.layer:
        saliency = _grad_cam(logits.gather(1, predicted[:, None]).sum(), watch.maps)
    features = watch.features if len(watch.features) else torch.zeros(len(inputs), 0)
    return predicted.cpu(), saliency.cpu(), features.cpu()


def _grad_cam(score: Tensor, maps: Tensor) -> Tensor:
    """float32 (B, CELLS, CELLS) of maps (B, C, h, w)."""
    (gradient,) = torch.autograd.grad(score, maps)
    found = functional.relu((gradient.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True)).float()
    resized = functional.interpolate(found, size=(CELLS, CELLS), mode="bilinear", align_corners=False, antialias=True)
    return resized[:, 0].clamp(min=0)


def _filters(network: nn.Module) -> Images:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 3 and max(layer.kernel_size) > 1:
            weights = layer.weight.detach().float().cpu()[:LARGEST_BANK]
            scaled = 127.5 + 127.5 * weights / weights.abs().amax().clamp(min=1e-12)
            return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return np.zeros((0, 0, 0, 3), dtype=np.uint8)
