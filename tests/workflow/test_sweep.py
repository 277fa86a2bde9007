"""What a sweep asks its executor for."""

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
from bakeoff.workflow.executors.processes import has_room
from bakeoff.workflow.experiment import Experiment


def asked_for(
    finished: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], device: str = "cpu"
) -> tuple[list[Job], int]:
    """The jobs and workers of a sweep of two networks."""
    asked: list[tuple[list[Job], int]] = []

    def executor(jobs: Sequence[Job], workers: int, monitor: object) -> list[object]:
        asked.append((list(jobs), workers))
        return []

    monkeypatch.setattr(sweep, "executors", {"processes": executor})
    config = msgspec.convert({"training": {"networks": ("majority", "linear")}, **settings}, ExperimentConfig)
    data = load(finished / "dataset")
    datasets = {"majority": data, "linear": data}
    plan = sweep.plan_sweep(Experiment(folder), config.variant_list, config, datasets)
    specs = [msgspec.structs.replace(spec, device=device) for spec in plan.specs]
    with pytest.raises(StorageError, match="missing"):  # the executor above trains nothing
        sweep.sweep(replace(plan, specs=specs, missing=specs))
    return asked[0]


@pytest.mark.parametrize(
    ("settings", "device", "expected"),
    [
        ({}, "cpu", [(1, 0.0), (1, 0.0)]),
        ({"variants": {"majority": {"threads": 2}}}, "cpu", [(2, 0.0), (1, 0.0)]),
        ({"cluster": {"num_cpus": 3, "num_gpus": 0.25}}, "cpu", [(3, 0.0), (3, 0.0)]),
        ({"cluster": {"num_gpus": 0.25}}, "cuda", [(1, 0.25), (1, 0.25)]),
    ],
)
def test_runs_take_their_threads_and_on_a_gpu_their_fraction(
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, object],
    device: str,
    expected: list[tuple[int, float]],
) -> None:
    jobs, workers = asked_for(finished, tmp_path, monkeypatch, settings, device)
    assert [(job.name, job.cpus, job.gpus) for job in jobs] == [
        ("majority-seed0", *expected[0]),
        ("linear-seed0", *expected[1]),
    ]
    assert workers == 0


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("", "{folder}/checkpoints/majority-seed0"),
        ("/scratch/states/", "/scratch/states/majority-seed0-"),
        ("s3://bucket/states", "s3://bucket/states/majority-seed0-"),
    ],
)
def test_checkpoints_go_where_all_nodes_see_them(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, expected: str
) -> None:
    jobs, _ = asked_for(finished, tmp_path, monkeypatch, {"cluster": {"storage": storage}})
    assert jobs[0].task.checkpoint.startswith(expected.format(folder=tmp_path))
    assert jobs[0].task.shared == (expected.format(folder=tmp_path).rpartition("/")[0],)


@pytest.mark.parametrize(
    ("job", "running", "workers", "expected"),
    [
        ({}, 0, 0, True),
        ({}, 5, 0, True),
        ({}, 6, 0, False),
        ({"cpus": 2}, 5, 0, False),
        ({"cpus": 9}, 0, 0, True),
        ({"gpus": 0.5}, 0, 0, True),
        ({"gpus": 0.5}, 1, 0, False),
        ({"gpus": 0.5}, 1, 2, True),
        ({"cpus": 4}, 2, 3, True),
        ({"cpus": 4}, 3, 3, False),
    ],
)
def test_jobs_share_the_processors_among_their_threads_and_one_has_the_gpu(
    monkeypatch: pytest.MonkeyPatch, job: dict[str, float], running: int, workers: int, expected: bool
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert has_room(Job("a", str, **job), [Job("b", str)] * running, workers) is expected
