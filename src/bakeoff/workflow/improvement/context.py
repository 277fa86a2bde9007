"""What all trials share: the experiment, its data set, and the runs without a change."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from bakeoff.config.schema import DataConfig, ExperimentConfig, network_label
from bakeoff.core.progress import Monitor
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run
from bakeoff.workflow import pipeline
from bakeoff.workflow import sweep as runs

SECONDS = 60.0


@dataclass(frozen=True)
class Workplace:
    """What all trials share.

    Attributes:
        experiment: Whose network is to be made better.
        folder: The experiment's folder; trials have theirs in its `improve/`.
        data: The experiment's data set.
        network: The network.
        monitor: Told of the stages and runs.
        start: When it began, by the monotonic clock in seconds.
    """

    experiment: ExperimentConfig
    folder: Path
    data: Dataset
    network: str
    monitor: Monitor
    start: float

    @property
    def seconds(self) -> float:
        """Wall time since the beginning."""
        return time.monotonic() - self.start

    @property
    def used_up(self) -> str:
        """Says that the budget is used up, else empty."""
        minutes = self.experiment.improve.minutes
        return f"the budget of {minutes:g} minutes was used up" if 0 < minutes * SECONDS <= self.seconds else ""

    @cached_property
    def base(self) -> Sequence[Run]:
        """The runs without a change: the experiment's own, where they are there."""
        return self._train(self.folder, "as it is", self.data)

    def train(self, name: str, data: Dataset | None = None, **changes: Any) -> Sequence[Run]:
        """The runs of a trial: with these changes of `[training]`, on another data set where one is given."""
        return self._train(self._place(name), name, data or self.data, **changes)

    def build(self, name: str, data: DataConfig) -> Dataset:
        """A trial's own data set."""
        experiment = msgspec.structs.replace(self.experiment, data=data)
        return pipeline.build(experiment, self._place(name), monitor=lambda title: self.monitor(f"{name}: {title}"))

    def _train(self, place: Path, name: str, data: Dataset, **changes: Any) -> Sequence[Run]:
        base = next(variant for variant in self.experiment.variant_list if variant.name == self.network)
        network = changes.pop("network", base.network)
        variant = msgspec.structs.replace(
            base,
            name=network_label(network) if network != base.network else base.name,
            network=network,
            recipe=msgspec.structs.replace(base.recipe, **changes),
        )
        training = self.experiment.training
        return runs.train(
            runs.plan([variant], training, data, place), training, lambda run: self.monitor(f"{name}: {run}")
        )

    def _place(self, name: str) -> Path:
        return self.folder / pipeline.IMPROVEMENTS.parent / name
