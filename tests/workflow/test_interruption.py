"""Runs that fail, are killed or interrupted: what is recorded and left, and that the same command does the rest."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import ConfigError
from bakeoff.workflow import pipeline

QUICK = (
    "data.train_per_class=8",
    "data.val_per_class=4",
    "data.size=16",
    "data.workers=1",
    "training.epochs=1",
    "training.device=cpu",
    "training.workers=2",
)
DEADLINE = 120
MEASURED = {"seconds", "images_per_second", "peak_memory"}
"""What differs from one time to the next."""
NETWORK = """
import os, signal, sys, time
from pathlib import Path
import torch

HERE = Path(__file__).parent

class {name}(torch.nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer = torch.nn.Linear(768, num_classes)

    def forward(self, inputs):
        if self.training and torch.is_grad_enabled() and inputs.shape[0] == 4:
            {action}
        return self.layer(inputs.flatten(1))
"""
WAIT = """(HERE / f"{os.getpid()}.pid").touch()
            while not (HERE / "go").exists():
                time.sleep(0.02)"""


@pytest.fixture(scope="session")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment's folder with a data set and no runs; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / "out"
    paths = (f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}")
    pipeline.build(load_experiment("demo", [*QUICK, *paths]), folder)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "out"))


def experiment(*overrides: str) -> ExperimentConfig:
    return load_experiment("demo", [*QUICK, *overrides])


def own_network(folder: Path, name: str, action: str) -> str:
    (folder / f"{name}.py").write_text(NETWORK.format(name=name, action=action))
    return f"{folder / f'{name}.py'}:{name}"


def contents(run: Path) -> dict[str, object]:
    """All that a run left on disk but its wall times."""
    raw: dict[str, object] = {name: (run / name).read_bytes() for name in ("model.safetensors", "predictions.parquet")}
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    record = json.loads((run / "run.json").read_text())
    return raw | {
        "spec": (run / "spec.json").read_bytes(),
        "record": {key: value for key, value in record.items() if key not in MEASURED},
        "log": [{key: value for key, value in line.items() if key != "seconds"} for line in lines],
    }


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def begun(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`bakeoff train` in a process group of its own, as a shell starts it; nothing of it outlives the block."""
    command = [sys.executable, "-c", "from bakeoff.cli.main import main; main()", "train", "demo", "--out", str(folder)]
    command += [part for option in (*QUICK, *options) for part in ("--set", option)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_results_depend_neither_on_the_executor_nor_on_the_order(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    pipeline.train(experiment("training.networks=net1,net3-bn", "training.executor=serial"), folder)
    pipeline.train(experiment("training.networks=net3-bn,net1", "training.executor=processes"), other)
    for run in ("net1-seed0", "net3-bn-seed0"):
        assert contents(folder / "runs" / run) == contents(other / "runs" / run)


def test_runs_that_fail_are_recorded_while_the_others_finish(folder: Path, tmp_path: Path) -> None:
    actions = {
        "Hungry": "raise MemoryError",
        "Killed": "os.kill(os.getpid(), signal.SIGKILL)",
    }
    names = [own_network(tmp_path, name, action) for name, action in actions.items()]
    networks = f"training.networks={','.join([*names, 'net1'])}"
    made = pipeline.train(experiment(networks, "training.executor=processes"), folder)
    assert {run.name: (run.record.status, run.record.reason) for run in made} == {
        "Hungry-seed0": ("failed", "MemoryError"),
        "Killed-seed0": ("failed", "killed by SIGKILL (out of memory?)"),
        "net1-seed0": ("finished", ""),
    }
    assert sorted(entry.name for entry in (folder / "runs").iterdir()) == sorted(run.name for run in made)
    before = stamps(folder / "runs" / "net1-seed0")
    for name in actions:
        own_network(tmp_path, name, "pass")
    again = pipeline.train(experiment(networks, "training.executor=serial"), folder)
    assert all(run.finished for run in again), "what failed is tried again"
    assert stamps(folder / "runs" / "net1-seed0") == before, "what finished is kept"


def test_a_network_that_hangs_did_not_run_and_the_others_finish(folder: Path, tmp_path: Path) -> None:
    hangs = own_network(tmp_path, "Hangs", "time.sleep(600)")
    options = (f"training.networks={hangs},net1", "training.timeout=15", "training.executor=processes")
    made = pipeline.train(experiment(*options), folder)
    assert {run.name: (run.record.status, run.record.reason) for run in made} == {
        "Hangs-seed0": ("failed", "epoch 1 of 1 did not end within 15 s (training.timeout)"),
        "net1-seed0": ("finished", ""),
    }
    assert sorted(entry.name for entry in (folder / "runs").iterdir()) == ["Hangs-seed0", "net1-seed0"]


def test_a_timeout_that_nothing_can_enforce_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.timeout needs training\.executor = \"processes\""):
        pipeline.train(experiment("training.timeout=15", "training.executor=serial"), folder)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "serial"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_command_loses_no_finished_run_and_can_be_repeated(
    folder: Path, tmp_path: Path, executor: str, number: signal.Signals
) -> None:
    networks, runs = f"training.networks=net1,{own_network(tmp_path, 'Waits', WAIT)}", folder / "runs"
    with begun(folder, networks, f"training.executor={executor}") as process:
        wait_for(lambda: (runs / "net1-seed0").exists() and [*tmp_path.glob("*.pid")])
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=DEADLINE)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert not any(alive(int(path.stem)) for path in tmp_path.glob("*.pid"))
        assert [entry.name for entry in runs.iterdir()] == ["net1-seed0"]
    before = stamps(runs / "net1-seed0")
    (tmp_path / "go").touch()
    assert all(run.finished for run in pipeline.train(experiment(networks, "training.executor=serial"), folder))
    assert sorted(entry.name for entry in runs.iterdir()) == ["Waits-seed0", "net1-seed0"]
    assert stamps(runs / "net1-seed0") == before


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "serial"])
def test_a_killed_run_is_resumed_and_ends_with_the_same_bytes(folder: Path, tmp_path: Path, executor: str) -> None:
    longer = ("training.networks=net1", "training.epochs=60")
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    pipeline.train(experiment(*longer, "training.executor=serial"), other)
    for _ in range(2):
        with begun(folder, *longer, f"training.executor={executor}") as process:
            wait_for((folder / "checkpoints" / "net1-seed0").exists)
            os.killpg(process.pid, signal.SIGKILL)
    epoch = json.loads((folder / "checkpoints" / "net1-seed0" / "state.json").read_text())["values"]["epoch"]
    assert 0 < epoch < 60, "it was killed on its way"
    pipeline.train(experiment(*longer, f"training.executor={executor}"), folder)
    assert contents(folder / "runs" / "net1-seed0") == contents(other / "runs" / "net1-seed0")
    assert not (folder / "checkpoints").exists()
