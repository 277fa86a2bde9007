"""Several seeds of one network trained at once, their weights stacked: for a GPU that one small run leaves idle.

Each parameter of the S networks becomes one tensor with a first dimension S; `torch.func` maps the gradient over it,
and one optimiser steps all of them. Source: "Model ensembling" in PyTorch's documentation of torch.func.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from bakeoff.config.schema import Recipe
from bakeoff.training.batches import Split
from bakeoff.training.losses import loss
from bakeoff.training.schedule import make_optimizer


class StackedStep:
    """One step of S runs together, each on rows of its own, for recipes without augmentation.

    Attributes:
        parameters: By name float32 (S, ...), as they are after the last step.
        buffers: Likewise; of a network with batch normalisation its running statistics.
    """

    def __init__(self, networks: Sequence[nn.Module], train: Split, recipe: Recipe) -> None:
        self.train, self.recipe, self.template = train, recipe, networks[0].train()
        self.parameters, self.buffers = stack_module_state(list(networks))
        self.optimizer, names = make_optimizer(self.template, recipe), {}
        for name, own in self.template.named_parameters():
            names[own], self.parameters[name] = name, nn.Parameter(self.parameters[name].detach())
        for group in self.optimizer.param_groups:
            group["params"] = [self.parameters[names[own]] for own in group["params"]]
        self.gradients = vmap(grad(self._loss), randomness="different")

    def __call__(self, rows: Tensor) -> None:
        """Trains each network on the images of its rows, int64 (S, B) on the device."""
        images = self.train.inputs(rows.flatten())
        inputs = images.view(*rows.shape, *images.shape[1:])
        found = self.gradients(self.parameters, self.buffers, inputs, self.train.targets[rows])
        for name, value in self.parameters.items():
            value.grad = found[name]
        self.optimizer.step()

    def _loss(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor, targets: Tensor
    ) -> Tensor:
        """The loss of one network."""
        with torch.autocast(inputs.device.type, torch.bfloat16, enabled=self.recipe.precision == "bfloat16"):
            logits = functional_call(self.template, (parameters, buffers), (inputs,))
        return loss(logits.float(), targets, self.recipe, None)
