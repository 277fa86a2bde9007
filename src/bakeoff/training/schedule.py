"""A recipe's optimiser and its learning rate over the steps."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bakeoff.config.schema import Recipe
from bakeoff.training.finetune import parameter_groups


def make_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimiser over all parameters of the network that learn, in torch's fused form."""
    groups = parameter_groups(network, recipe)
    capturable = any(parameter.is_cuda for parameter in network.parameters())  # as part of a CUDA graph
    match recipe.optimizer:
        case "adam":
            return Adam(groups, recipe.learning_rate, recipe.betas, fused=True, capturable=capturable)
        case "adamw":
            return AdamW(groups, recipe.learning_rate, recipe.betas, fused=True, capturable=capturable)
        case "sgd":
            return SGD(groups, recipe.learning_rate, recipe.momentum, fused=True)


def make_schedule(optimizer: Optimizer, recipe: Recipe, steps: int) -> LambdaLR:
    """The learning rate over so many steps; `step()` is called after each batch."""
    warmup = int(recipe.warmup * steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if recipe.schedule == "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
        return 1.0

    return LambdaLR(optimizer, factor)
