"""How many runs are trained at once."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.errors import StorageError
from bakeoff.data.build.load import load
from bakeoff.workflow import sweep
from bakeoff.workflow.executors.jobs import Job
from bakeoff.workflow.experiment import Experiment


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [(6, ["majority-seed0", "linear-seed0"])]),
        ({"training": {"threads": 4}}, [(1, ["majority-seed0", "linear-seed0"])]),
        ({"training": {"threads": 9}}, [(1, ["majority-seed0", "linear-seed0"])]),
        ({"variants": {"majority": {"threads": 2}}}, [(6, ["linear-seed0"]), (3, ["majority-seed0"])]),
        (
            {"variants": {"majority": {"threads": 2}}, "training": {"workers": 5}},
            [(5, ["linear-seed0"]), (5, ["majority-seed0"])],
        ),
    ],
)
def test_runs_share_the_processors_among_their_threads(
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, dict[str, object]],
    expected: list[tuple[int, list[str]]],
) -> None:
    asked: list[tuple[int, list[str]]] = []

    def executor(jobs: Sequence[Job], workers: int, monitor: object) -> list[object]:
        asked.append((workers, [job.name for job in jobs]))
        return []

    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(sweep, "executors", {"serial": executor})
    own = {"networks": ("majority", "linear"), "executor": "serial", **settings.get("training", {})}
    config = msgspec.convert({**settings, "training": own}, ExperimentConfig)
    data = load(finished / "dataset")
    datasets = {"majority": data, "linear": data}
    plan = sweep.plan_sweep(Experiment(tmp_path), config.variant_list, config.training, datasets)
    with pytest.raises(StorageError, match="missing"):  # the executor above trains nothing
        sweep.sweep(plan)
    assert asked == expected


@pytest.mark.parametrize(("workers", "expected"), [(0, 1), (3, 3)])
def test_a_gpu_carries_one_run_unless_workers_says_otherwise(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, expected: int
) -> None:
    asked: list[int] = []

    def executor(jobs: Sequence[Job], workers: int, monitor: object) -> list[object]:
        asked.append(workers)
        return []

    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(sweep, "executors", {"processes": executor})
    config = msgspec.convert({"training": {"networks": ("linear",), "workers": workers}}, ExperimentConfig)
    data = {"linear": load(finished / "dataset")}
    plan = sweep.plan_sweep(Experiment(tmp_path), config.variant_list, config.training, data)
    on_gpu = [msgspec.structs.replace(spec, device="cuda") for spec in plan.specs]
    with pytest.raises(StorageError, match="missing"):  # the executor above trains nothing
        sweep.sweep(replace(plan, specs=on_gpu, missing=on_gpu))
    assert asked == [expected]
