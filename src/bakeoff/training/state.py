"""All that changes while a network is trained, beside its log: what a checkpoint holds."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bakeoff.config.schema import Recipe
from bakeoff.training.optimization import make_optimizer, make_schedule


class DivergedError(Exception):
    """The loss is no longer a finite number."""


@dataclass(frozen=True)
class Best:
    """The epoch with the lowest loss on the holdout so far, and its weights by name."""

    epoch: int
    loss: float
    weights: dict[str, Tensor]


class TrainingState:
    """A network and what trains it.

    Args:
        network: Trained in place.
        recipe: How it is trained.
        steps: Batches of the whole training.
        generator: Draws the order of the images and the augmentation.
        device: Where the network is.

    Attributes:
        network: The network.
        optimizer: Its optimiser.
        schedule: Its learning rate; stepped once a batch.
        mean: The running mean of its weights, if the recipe asks (Polyak, SIAM J. Control Optim. 30, 1992).
        curve: The loss since the log's last line.
        generator: The generator.
        best: What the holdout has chosen so far; null without one.
        epoch: Epochs that are complete.
        step: Batches seen by them.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, steps: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self.network, self.generator, self.device = network, generator, device
        self.optimizer = make_optimizer(network, recipe)
        self.schedule = make_schedule(self.optimizer, recipe, steps)
        self.mean = (
            AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True)
            if recipe.ema_decay
            else None
        )
        self.curve = LossCurve(recipe.log_every, device)
        self.best: Best | None = None
        self.epoch = self.step = 0

    def judge(self, loss: float | None) -> None:
        """Keeps the weights of the epoch just completed, if its loss on the holdout is the lowest so far."""
        if loss is not None and (self.best is None or loss < self.best.loss):
            weights = {name: value.detach().clone() for name, value in self.measured.state_dict().items()}
            self.best = Best(self.epoch, loss, weights)

    def choose(self) -> None:
        """Gives the network the weights that are kept: the best epoch's, or the last one's as they are measured."""
        if self.best:
            self.network.load_state_dict(self.best.weights)
        elif self.mean:
            self.network.load_state_dict(self.mean.module.state_dict())

    @property
    def measured(self) -> nn.Module:
        """What is measured and kept: the network, or the running mean of its weights."""
        return self.mean.module if self.mean else self.network

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, copied to the CPU."""
        held = {
            **_prefixed("network", self.network.state_dict()),
            **_prefixed("mean", self.mean.state_dict() if self.mean else {}),
            **_prefixed("best", self.best.weights if self.best else {}),
            "curve": self.curve.total,
            "generator": self.generator.get_state(),
            "random": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            held["random.cuda"] = torch.cuda.get_rng_state(self.device)
        for number, own in self.optimizer.state_dict()["state"].items():
            held.update(_prefixed(f"optimizer.{number}", own))
        tensors = {name: value.detach().cpu() for name, value in held.items() if isinstance(value, Tensor)}
        return {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}

    def values(self) -> dict[str, Any]:
        """All else, as JSON holds it."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "curve": self.curve.batches,
            "optimizer": self.optimizer.state_dict()["param_groups"],
            "schedule": self.schedule.state_dict(),
            "best": (self.best.epoch, self.best.loss) if self.best else None,
        }

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Takes up a state that `tensors` and `values` gave.

        Raises:
            KeyError: Something is missing in it.
            RuntimeError: It is the state of another network.
        """
        self.network.load_state_dict(_part("network", tensors))
        if self.mean:
            self.mean.load_state_dict(_part("mean", tensors))
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        by_parameter: dict[int, dict[str, Tensor]] = {}
        for name, value in _part("optimizer", tensors).items():
            number, _, own = name.partition(".")
            by_parameter.setdefault(int(number), {})[own] = _laid_out(value, parameters[int(number)])
        self.optimizer.load_state_dict({"state": by_parameter, "param_groups": values["optimizer"]})
        self.schedule.load_state_dict(values["schedule"])
        if best := values.get("best"):
            epoch, loss = best
            self.best = Best(epoch, loss, _part("best", tensors))
        self.curve.total.copy_(tensors["curve"])
        self.curve.batches = values["curve"]
        self.epoch, self.step = values["epoch"], values["step"]
        self.generator.set_state(tensors["generator"])
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)


class LossCurve:
    """The mean loss since it was last taken; one synchronisation with the device a line, not a batch.

    Args:
        every: Batches of a line.
        device: Where the losses are.
    """

    def __init__(self, every: int, device: torch.device) -> None:
        self.every, self.batches = every, 0
        self.total = torch.zeros((), device=device, dtype=torch.float64)

    @property
    def full(self) -> bool:
        """Whether it is time to take the mean."""
        return self.batches == self.every

    def add(self, loss: Tensor) -> None:
        """Adds the loss of a batch; whoever does it, or repeats it on the device, counts it in `batches`."""
        self.total += loss.detach()

    def take(self) -> float:
        """The mean loss; the next one begins.

        Raises:
            DivergedError: It is not finite.
        """
        mean = self.total.item() / self.batches
        if not math.isfinite(mean):
            raise DivergedError(f"the training loss became {mean}")
        self.total.zero_()
        self.batches = 0
        return mean


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _part(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """A value of an optimiser in the memory layout of its parameter: the fused step goes through both at once."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
