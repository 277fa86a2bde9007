"""The state of a training, and what a killed run is resumed from: tensors and JSON, no pickles."""

import math
import shutil
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.atomic import atomic_folder, tidy, write_bytes
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import read_json, write_json
from bakeoff.training.ema import BestEpoch, KeptWeights
from bakeoff.training.run import LogLine, RunSpec
from bakeoff.training.schedule import make_optimizer, make_schedule

LOGGED, POINTS = 100, 50
"""A point of the loss curve is the mean of so many batches, or of fewer where it would have fewer points."""
TENSORS, PROGRESS = "state.safetensors", "state.json"


class DivergedError(Exception):
    """The loss is no longer a finite number."""


class Values(msgspec.Struct, frozen=True):
    """What changes in a training and is no tensor; the optimiser's and the schedule's as torch gives them."""

    epoch: int
    step: int
    curve: int
    optimizer: list[dict[str, object]]
    schedule: dict[str, object]
    best: tuple[int, float] | None


class Stored(msgspec.Struct, frozen=True):
    """What a checkpoint holds beside tensors; `state.json`. No other run than that of the spec is resumed from it."""

    spec: RunSpec
    seconds: float
    log: tuple[LogLine, ...]
    values: Values
    schema: int = 2


class LossCurve:
    """The mean loss of so many batches; one synchronisation with the device per point, not per batch."""

    def __init__(self, every: int, device: torch.device) -> None:
        self.every, self.batches = every, 0
        self.total = torch.zeros((), device=device, dtype=torch.float64)

    @property
    def full(self) -> bool:
        return self.batches == self.every

    def add(self, loss: Tensor) -> None:
        """Adds the loss of a batch; whoever does it, or repeats it on the device, counts it in `batches`."""
        self.total += loss.detach()

    def take(self) -> float:
        """The mean loss, after which the next one begins; raises `DivergedError` where it is not finite."""
        mean = self.total.item() / self.batches
        if not math.isfinite(mean):
            raise DivergedError(f"the training loss became {mean}")
        self.total.zero_()
        self.batches = 0
        return mean


class TrainingState:
    """A network, trained in place, and what trains it: all that changes in a training of so many steps, but the log.

    Attributes:
        generator: Draws the order of the images and the augmentation.
        schedule: The learning rate; stepped after each batch.
        weights: Those that are evaluated and kept.
        curve: The loss since the log's last line.
        epoch: Epochs that are complete.
        step: Batches seen by them.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, steps: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self.network, self.generator, self.device = network, generator, device
        self.optimizer = make_optimizer(network, recipe)
        self.schedule = make_schedule(self.optimizer, recipe, steps)
        self.weights = KeptWeights(network, recipe.ema_decay)
        self.curve = LossCurve(recipe.log_every or min(LOGGED, max(1, steps // POINTS)), device)
        self.epoch = self.step = 0

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, copied to the CPU."""
        best, ema = self.weights.best, self.weights.ema
        found = {
            **_prefixed("network", self.network.state_dict()),
            **_prefixed("ema", ema.state_dict() if ema else {}),
            **_prefixed("best", best.weights if best else {}),
            "curve": self.curve.total,
            "generator": self.generator.get_state(),
            "random": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            found["random.cuda"] = torch.cuda.get_rng_state(self.device)
        for number, own in self.optimizer.state_dict()["state"].items():
            found.update(_prefixed(f"optimizer.{number}", own))
        tensors = {name: value.detach().cpu() for name, value in found.items() if isinstance(value, Tensor)}
        return {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}

    def values(self) -> Values:
        best = self.weights.best
        return Values(
            epoch=self.epoch,
            step=self.step,
            curve=self.curve.batches,
            optimizer=self.optimizer.state_dict()["param_groups"],
            schedule=self.schedule.state_dict(),
            best=(best.epoch, best.loss) if best else None,
        )

    def restore(self, tensors: dict[str, Tensor], values: Values) -> None:
        """Takes up a state that `tensors` and `values` gave; raises KeyError or RuntimeError for another network's."""
        self.network.load_state_dict(_part("network", tensors))
        if self.weights.ema:
            self.weights.ema.load_state_dict(_part("ema", tensors))
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        by_parameter: dict[int, dict[str, Tensor]] = {}
        for name, value in _part("optimizer", tensors).items():
            number, _, own = name.partition(".")
            by_parameter.setdefault(int(number), {})[own] = _laid_out(value, parameters[int(number)])
        self.optimizer.load_state_dict({"state": by_parameter, "param_groups": values.optimizer})
        self.schedule.load_state_dict(values.schedule)
        if values.best:
            self.weights.best = BestEpoch(*values.best, _part("best", tensors))
        self.curve.total.copy_(tensors["curve"])
        self.curve.batches = values.curve
        self.epoch, self.step = values.epoch, values.step
        self.generator.set_state(tensors["generator"])
        torch.set_rng_state(tensors["random"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)


class Checkpoint:
    """A folder that keeps a run's state while it goes on, whole or not at all; None to keep none.

    Attributes:
        seconds: Wall time of the training before it was resumed.
    """

    def __init__(self, folder: Path | None, spec: RunSpec) -> None:
        self.folder, self.spec, self.seconds = folder, spec, 0.0

    def save(self, state: TrainingState, log: list[LogLine], seconds: float) -> None:
        """Replaces the state that is kept; raises `StorageError` where it can't be written."""
        if self.folder is None:
            return
        with atomic_folder(self.folder) as partial:
            write_bytes(partial / TENSORS, save(state.tensors()))
            write_json(partial / PROGRESS, Stored(self.spec, seconds, tuple(log), state.values()))

    def restore(self, state: TrainingState) -> Stored | None:
        """Takes up the state that is kept; None where there is none of this run that can be used."""
        if self.folder is None or not self.folder.exists():
            return None
        try:
            stored = read_json(self.folder / PROGRESS, Stored)
            if stored.spec != self.spec:
                return None
            state.restore(load_file(self.folder / TENSORS), stored.values)
        except (StorageError, OSError, SafetensorError):  # damaged: the run begins anew, as without a checkpoint
            return None
        self.seconds = stored.seconds
        return stored

    def remove(self) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            tidy(self.folder)


def _prefixed(prefix: str, values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _part(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """A value of an optimiser in the memory layout of its parameter: the fused step goes through both at once."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
