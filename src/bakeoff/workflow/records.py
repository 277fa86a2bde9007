"""Records of an experiment's folder that no stage makes: what was asked, and where the files of a run are."""

from pathlib import Path

import msgspec

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.types import Environment


class StoredConfig(msgspec.Struct, frozen=True):
    """`experiment.json`: what was asked.

    Attributes:
        config: Every value, defaults included.
        command: The command line that asked for it.
        environment: What it ran with.
    """

    config: ExperimentConfig
    command: str
    environment: Environment
    schema: int = 2


class RunFiles(msgspec.Struct, frozen=True):
    """The files of a run: its folder appears when the run is complete; what exists before is next to it."""

    folder: Path
    checkpoint: Path
    events: Path
    profile: Path

    @classmethod
    def of(cls, experiment: Path, name: str) -> "RunFiles":
        """Those of the run of that name in an experiment's folder."""
        return cls(
            folder=experiment / "runs" / name,
            checkpoint=experiment / "checkpoints" / name,
            events=experiment / "tensorboard" / name,
            profile=experiment / "profiles" / f"{name}.json",
        )
