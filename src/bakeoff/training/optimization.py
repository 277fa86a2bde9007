"""A recipe's optimiser and schedule."""

import math
from collections.abc import Callable

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bakeoff.config.schema import Recipe


def make_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimiser over all parameters of the network that learn, in torch's fused form."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    recordable = any(parameter.is_cuda for parameter in parameters)  # as part of a CUDA graph
    match recipe.optimizer:
        case "adam":
            return Adam(parameters, rate, recipe.betas, weight_decay=decay, fused=True, capturable=recordable)
        case "adamw":
            return AdamW(parameters, rate, recipe.betas, weight_decay=decay, fused=True, capturable=recordable)
        case "sgd":
            return SGD(parameters, lr=rate, momentum=recipe.momentum, weight_decay=decay, fused=True)


def make_schedule(optimizer: Optimizer, recipe: Recipe, steps: int) -> LambdaLR:
    """The learning rate over so many steps; `step()` is called once a batch."""
    return LambdaLR(optimizer, _factor(recipe, steps))


def _factor(recipe: Recipe, steps: int) -> Callable[[int], float]:
    warmup = int(recipe.warmup * steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if recipe.schedule == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
        return 1.0

    return factor
