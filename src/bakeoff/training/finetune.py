"""Fine-tuning: which parameters of a pretrained network learn in which epoch, and how fast."""

from torch import nn

from bakeoff.config.schema import Recipe
from bakeoff.models.prepared import Prepared

Group = dict[str, object]
"""A parameter group of torch's optimisers."""
BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[Group]:
    """All parameters that learn, in groups of one weight decay and one learning rate.

    Weight decay falls on the weights of convolutions and linear layers alone (parameters of two or more dimensions),
    not on biases and the parameters of norms (He et al., Bag of Tricks for Image Classification, CVPR 2019). In a
    pretrained network the learning rate falls from stage to stage, from the last layer down (Howard and Ruder,
    Universal Language Model Fine-tuning for Text Classification, ACL 2018; Clark et al., ELECTRA, ICLR 2020).
    """
    rates = _learning_rates(network, recipe)
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for decays in (True, False):
        for name, parameter in network.named_parameters():
            if parameter.requires_grad and (parameter.ndim > 1) == decays:
                groups.setdefault((decays, rates.get(name, recipe.learning_rate)), []).append(parameter)
    return [
        {"params": own, "weight_decay": recipe.weight_decay if decays else 0.0, "lr": rate}
        for (decays, rate), own in groups.items()
    ]


def freeze(network: nn.Module, recipe: Recipe, epoch: int) -> None:
    """Puts a network in training mode for an epoch, counted from 1; a pretrained one's backbone may be frozen.

    What is frozen computes as in evaluation: the running statistics of its batch normalisation stay, too.
    """
    network.train()
    if not isinstance(network, Prepared) or not network.head:
        return
    stages = _stages(network)
    whole = recipe.freeze == "backbone" or epoch <= recipe.freeze_epochs
    frozen = stages if whole else stages[: round(recipe.freeze_fraction * len(stages))]
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(_stage(name) not in frozen)
    for name, module in network.named_modules():
        keeps_statistics = recipe.freeze_batch_norm and isinstance(module, BATCH_NORM)
        if whole or keeps_statistics or _stage(name) in frozen:
            module.training = False  # not `eval()`: modules in it may be of a stage that learns
    network.network.get_submodule(network.head).train().requires_grad_()


def _learning_rates(network: nn.Module, recipe: Recipe) -> dict[str, float]:
    """By name of a parameter its learning rate, of a pretrained network."""
    if not isinstance(network, Prepared) or not network.head:
        return {}
    stages, own = _stages(network), recipe.head_learning_rate or recipe.learning_rate
    depth = {stage: len(stages) - place for place, stage in enumerate(stages)}
    return {
        name: own if _in_head(name, network) else recipe.learning_rate * recipe.layer_decay ** depth[_stage(name)]
        for name, _ in network.named_parameters()
    }


def _in_head(name: str, network: Prepared) -> bool:
    return name.startswith(f"network.{network.head}.")


def _stages(network: Prepared) -> list[str]:
    """The stages of the backbone, from the input up."""
    names = [name for name, _ in network.named_parameters() if not _in_head(name, network)]
    return list(dict.fromkeys(map(_stage, names)))


def _stage(name: str) -> str:
    """A parameter's stage: its name up to the first number, such as `network.blocks.3`; else its first module."""
    parts = name.split(".")
    numbered = next((place for place, part in enumerate(parts) if part.isdigit()), 1)
    return ".".join(parts[: numbered + 1])
