"""A sweep on a real Ray cluster of three nodes, of which nodes and drivers are lost."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import QUICK, experiment
from tests.ray_cluster import STORE, files_in, kill_node, ray_cluster
from tests.workflow.test_interruption import contents

from bakeoff.core.progress import RunProgress
from bakeoff.workflow import pipeline

pytestmark = pytest.mark.slow
SEEDS = 6
SETTINGS = ("training.networks=net1", f"training.seeds={SEEDS}", "training.epochs=15", "evaluation.explain=0")
DEADLINE = 240


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="no Ray: pip install 'bakeoff[ray]'")
    if ray.is_initialized():
        pytest.skip("a test before this one is connected to another Ray cluster; run this file by itself")
    with ray_cluster() as found:
        yield found


@pytest.fixture(scope="module")
def serial(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an experiment that was trained in one process; not to be changed."""
    folder = tmp_path_factory.mktemp("serial") / "out"
    config = experiment(sample, *SETTINGS)
    pipeline.build(config, folder)
    pipeline.train(config, folder)
    return folder


@pytest.fixture
def folder(serial: Path, tmp_path: Path) -> Path:
    """The same without its runs."""
    return Path(shutil.copytree(serial, tmp_path / "out", ignore=shutil.ignore_patterns("runs")))


def assert_same_runs(folder: Path, serial: Path) -> None:
    for seed in range(SEEDS):
        name = f"runs/net1-seed{seed}"
        assert contents(folder / name) == contents(serial / name), name


def command(sample: Path, folder: Path, address: str) -> list[str]:
    paths = (f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}")
    asked = (*QUICK, *paths, *SETTINGS, "training.executor=ray", f"cluster.address={address}")
    options = [part for own in asked for part in ("--set", own)]
    return [sys.executable, "-m", "bakeoff", "train", "demo", "--out", str(folder), *options]


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_driver_that_ends_and_is_started_again_finishes_the_rest(
    cluster: Any, sample: Path, serial: Path, folder: Path, number: signal.Signals
) -> None:
    asked, runs = command(sample, folder, cluster.address), folder / "runs"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(asked, **pipes, text=True, start_new_session=True) as process:
        wait_for(lambda: [*runs.glob("net1-seed*")], process)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL), errors
    assert "Traceback" not in errors
    finished = {path: path.stat().st_mtime_ns for path in runs.glob("net1-seed*")}
    assert 0 < len(finished) < SEEDS
    again = subprocess.run(asked, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "what finished is kept"
    assert_same_runs(folder, serial)
    assert not (folder / "checkpoints").exists()


def test_a_node_that_dies_costs_an_epoch_of_its_run(cluster: Any, sample: Path, serial: Path, folder: Path) -> None:
    import ray

    told: dict[str, list[str]] = {}

    def monitor(title: str) -> RunProgress:
        def progress(done: int, total: int, status: str = "", /) -> None:
            if status:
                told.setdefault(title, []).append(status)
            if len(told) == 3 and len(cluster.list_all_nodes()) == 3:
                kill_node(cluster)

        return progress

    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        runs = pipeline.train(experiment(sample, *SETTINGS, "training.executor=ray"), folder, monitor=monitor)
    finally:
        ray.shutdown()
    assert all(run.finished for run in runs)
    assert_same_runs(folder, serial)
    epochs = [
        [int(found[1]) if (found := re.match(r"epoch (\d+)", status)) else None for status in own]
        for own in told.values()
    ]
    lost = [own for own in epochs if None in own]
    assert 1 <= len(lost) <= 2, "a node has one processor"
    for own in lost:
        place = own.index(None)
        assert own[place - 1] <= own[place + 1] <= own[place - 1] + 1


def test_a_node_that_dies_while_photos_are_read_changes_nothing(
    cluster: Any, sample: Path, serial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    killed = list[int]()

    def monitor(_title: str) -> RunProgress:
        def progress(done: int, total: int, status: str = "", /) -> None:
            if not killed and 3 <= done < total:
                killed.append(done)
                kill_node(cluster)

        return progress

    monkeypatch.setattr("bakeoff.data.build.workers.PIECE", 1)
    cluster.add_node(num_cpus=1, object_store_memory=STORE)
    cluster.wait_for_nodes()
    ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        config = experiment(sample, *SETTINGS, "data.workers=0", "training.executor=ray")
        pipeline.build(config, tmp_path / "out", monitor=monitor)
    finally:
        ray.shutdown()
    assert len(killed) == 1
    assert files_in(tmp_path / "out" / "dataset") == files_in(serial / "dataset")
