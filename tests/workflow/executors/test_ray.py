"""What the executor on Ray can do beyond the contract of all executors."""

import functools
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.conftest import experiment
from tests.workflow.executors.test_executors import die, hang, square
from tests.workflow.test_interruption import contents

from bakeoff.config.cluster import ClusterConfig
from bakeoff.core.errors import ConfigError
from bakeoff.core.progress import RunProgress, silent
from bakeoff.core.registry import executors
from bakeoff.workflow import pipeline
from bakeoff.workflow.executors import nodes
from bakeoff.workflow.executors.jobs import Failure, Job

OWN = """
import torch


class Own(torch.nn.Sequential):
    def __init__(self, num_classes):
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(768, num_classes))
"""


def run(*jobs: Job, workers: int = 0) -> dict[str, object]:
    return {outcome.name: outcome.result for outcome in executors["ray"](jobs, workers, silent)}


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """An experiment's folder with a data set and no runs."""
    return Path(shutil.copytree(finished, tmp_path / "out", ignore=shutil.ignore_patterns("runs", "report")))


@pytest.mark.slow
@pytest.mark.usefixtures("ray_node")
def test_a_process_that_dies_is_tried_again_and_then_a_failure() -> None:
    found = run(Job("killed", functools.partial(die, signal.SIGKILL)), Job("good", functools.partial(square, 2)))
    assert found["good"] == 4
    assert isinstance(found["killed"], Failure)
    assert found["killed"].reason.startswith("its process or node died 3 times, at last: WorkerCrashedError")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_node")
def test_a_job_that_hangs_is_ended_by_force() -> None:
    found = run(Job("hangs", hang, 2.0, 7), Job("good", functools.partial(square, 2)))
    assert found == {"hangs": Failure("epoch 1 of 7 did not end within 2 s (training.timeout)"), "good": 4}


def unpicklable(_progress: RunProgress) -> object:
    return os.scandir(".")


@pytest.mark.usefixtures("ray_node")
def test_a_result_that_can_not_travel_is_a_failure_with_its_reason() -> None:
    assert run(Job("bad", unpicklable)) == {"bad": Failure("TypeError: cannot pickle 'posix.ScandirIterator' object")}


@pytest.mark.usefixtures("ray_node")
def test_resources_that_no_node_has_are_named_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match=r"no node .* has the 1 processors and 0.5 GPUs that a reserves"):
        run(Job("a", functools.partial(square, 2), gpus=0.5))


@pytest.mark.usefixtures("ray_node")
def test_nodes_with_other_versions_are_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "version", lambda name: "9.9")
    with pytest.raises(ConfigError, match=r"node [\d.]+ has bakeoff .*, this machine 9\.9"):
        run(Job("a", functools.partial(square, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("sent", [False, True], ids=["shared-folder", "object-store"])
def test_runs_on_ray_have_the_bytes_of_serial_ones(
    ray_node: Path,
    sample: Path,
    finished: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sent: bool,
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    if sent:
        unseen = "bakeoff.workflow.executors.ray.check_nodes"
        monkeypatch.setattr(unseen, lambda ray, jobs: frozenset(own for job in jobs for own in job.task.reads))
    asked = (f"training.networks=net1,{tmp_path / 'own.py'}:Own", "training.executor=ray")
    runs = pipeline.train(experiment(sample, *asked), folder)
    assert [(run.name, run.record.status, run.record.reason) for run in runs] == [
        ("net1-seed0", "finished", ""),
        ("Own-seed0", "finished", ""),
    ]
    assert contents(folder / "runs" / "net1-seed0") == contents(finished / "runs" / "net1-seed0")
    assert (folder / "runs" / "Own-seed0" / "network.py").read_text() == OWN
    kept = {own.name for own in (finished / "dataset").iterdir()} - {"images"}
    left = {path.name for path in ray_node.glob("bakeoff-*/*/*")}
    assert left == (kept | {"own.py"} if sent else set())


def test_a_cluster_that_is_not_there_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="no Ray: pip install 'bakeoff[ray]'")
    job = Job("a", functools.partial(square, 2), cluster=ClusterConfig(address="127.0.0.1:1"))
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(ConfigError, match=r"can't connect to the Ray cluster cluster.address = '127\.0\.0\.1:1'"):
        run(job)


def test_without_ray_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs Ray; install it with: pip install 'bakeoff\[ray\]'"):
        run(Job("a", functools.partial(square, 2)))
