"""A recipe's optimiser and its learning rate over the steps."""

import math

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bakeoff.config.schema import Recipe


def make_optimizer(network: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimiser over all parameters of the network that learn, in torch's fused form.

    Weight decay falls on the weights of convolutions and linear layers alone (parameters of two or more dimensions),
    not on biases and the parameters of norms. Source: He et al., Bag of Tricks for Image Classification, CVPR 2019.
    """
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in learning if parameter.ndim > 1]
    others = [parameter for parameter in learning if parameter.ndim <= 1]
    decays = ((weights, recipe.weight_decay), (others, 0.0))
    groups = [{"params": group, "weight_decay": decay} for group, decay in decays if group]
    capturable = any(parameter.is_cuda for parameter in learning)  # as part of a CUDA graph
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
