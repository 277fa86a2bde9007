"""The results of whole experiments before, in `golden/`, and comparing with them."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
import torch

from bakeoff.core.types import Environment
from bakeoff.workflow.experiment import Experiment


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides about the last digits of an accuracy."""

    platform: str
    cpu_capability: str
    versions: Mapping[str, str]

    @classmethod
    def here(cls) -> "Made":
        own = Environment.current()
        versions = {name: version for name, version in own.versions.items() if name != "bakeoff"}
        return cls(own.platform, torch.backends.cpu.get_cpu_capability(), versions)


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment's results: the digest of the data set, and the validation accuracy by run."""

    digest: str
    environment: Made
    val_accuracy: Mapping[str, float]


def compare(folder: Path, name: str) -> None:
    """Exactly where the environment is the same, else as close as training on other arithmetic is."""
    golden = msgspec.json.decode((Path(__file__).parent / "golden" / f"{name}.json").read_bytes(), type=Golden)
    made = Experiment(folder)
    found = {
        f"{network.name}-seed{run.seed}": run.val_accuracy
        for network in made.comparison.networks
        for run in network.runs
    }
    assert made.dataset.info.digest == golden.digest
    assert found == pytest.approx(golden.val_accuracy, abs=0 if Made.here() == golden.environment else 0.1, rel=0)
