"""Data sets from web servers: the same bytes as from a folder, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import QUICK, experiment
from tests.web_server import WebServer, published, serve

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.workflow import pipeline

DEADLINE = 60
OWN = ("data.allow_private=true", "data.timeout=2", "data.images=url")


@pytest.fixture
def server(sample: Path) -> Iterator[WebServer]:
    """Serves the drawn sample under COCO's own paths."""
    photos = {f"/train2017/{path.name}": path.read_bytes() for path in (sample / "images").rglob("*.jpg")}
    with serve(photos) as running:
        yield running


@pytest.fixture
def annotations(sample: Path, server: WebServer, tmp_path: Path) -> Path:
    """The sample's instances file with the photos' URLs in it."""
    return published(sample / "instances.json", tmp_path / "instances.json", server)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def by_url(annotations: Path, *overrides: str) -> ExperimentConfig:
    return load_experiment("demo", [*QUICK, f"data.annotations={annotations}", *OWN, *overrides])


def command(annotations: Path, out: Path, *overrides: str) -> list[str]:
    options = (*QUICK, f"data.annotations={annotations}", *OWN, *overrides)
    code = "from bakeoff.cli.main import main; main()"
    parts = [part for option in options for part in ("--set", option)]
    return [sys.executable, "-c", code, "build", "demo", "--out", str(out), "--connections", "2", *parts]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_data_set_is_the_same_as_from_a_folder_and_only_its_photos_are_asked_for(
    sample: Path, annotations: Path, server: WebServer, tmp_path: Path
) -> None:
    local = pipeline.build(experiment(sample), tmp_path / "local")
    remote = pipeline.build(by_url(annotations), tmp_path / "remote")
    assert remote.info.digest == local.info.digest
    assert remote.info.photos == "the URLs of the instances file (coco_url)"
    assert sum(server.asked.values()) == 60, "of 160 photos"
    mirror = pipeline.build(by_url(annotations, f"data.images={server.url}/train2017"), tmp_path / "mirror")
    assert mirror.info.digest == local.info.digest
    assert sum(server.asked.values()) == 60, "a mirror's URLs are the same here"


def test_how_servers_are_asked_makes_no_other_data_set(annotations: Path, server: WebServer, tmp_path: Path) -> None:
    made = pipeline.build(by_url(annotations), tmp_path / "out")
    stamp = (made.folder / "dataset.json").stat().st_mtime_ns
    others = ("data.connections=3", "data.rate_limit=1000", "data.timeout=9", f"data.cache={tmp_path / 'another'}")
    again = pipeline.build(by_url(annotations, *others), tmp_path / "out")
    assert again.info == made.info
    assert (again.folder / "dataset.json").stat().st_mtime_ns == stamp, "it was not built again"


def test_photos_that_can_not_be_had_are_rows_of_the_ledger_and_replaced(
    annotations: Path, server: WebServer, tmp_path: Path
) -> None:
    whole = pipeline.build(by_url(annotations), tmp_path / "whole")
    first, second = whole.manifest["file_name"][0], whole.manifest["file_name"][45]
    broken = {f"/train2017/{Path(first).name}": "404", f"/train2017/{Path(second).name}": "html"}
    server.behave = lambda path, count: broken.get(path, "")
    made = [
        pipeline.build(by_url(annotations, f"data.cache={tmp_path / name}"), tmp_path / name) for name in ("a", "b")
    ]
    assert made[0].info.digest == made[1].info.digest != whole.info.digest
    assert made[0].info.counts == whole.info.counts
    lost = made[0].ledger.filter(pl.col("status") == "unreadable").sort("file_name")
    reasons = dict(lost.select("file_name", "reason").iter_rows())
    assert set(reasons) == {first, second}
    assert "the server answers 404 Not Found" in reasons[first]
    assert "what the server sends is no photo" in reasons[second]


@pytest.mark.slow
def test_a_killed_download_is_resumed_and_ends_with_the_same_bytes(
    annotations: Path, server: WebServer, tmp_path: Path
) -> None:
    undisturbed = pipeline.build(by_url(annotations, f"data.cache={tmp_path / 'other'}"), tmp_path / "undisturbed")
    server.asked.clear()
    server.behave = lambda path, count: "late 0.03"
    for moment in (1, 20, 40, 60):
        with subprocess.Popen(command(annotations, tmp_path / "out"), stderr=subprocess.DEVNULL) as process:
            wait_until(lambda moment=moment: sum(server.asked.values()) >= moment)
            process.kill()
    assert subprocess.run(command(annotations, tmp_path / "out"), check=False, timeout=DEADLINE).returncode == 0
    assert contents(tmp_path / "out" / "dataset") == contents(undisturbed.folder)
    assert sum(server.asked.values()) <= 60 + 4 * 3, "what was there was not asked for again"
    assert not list((tmp_path / "cache").rglob(".*.partial-*"))


@pytest.mark.slow
def test_two_commands_at_once_share_a_cache(annotations: Path, server: WebServer, tmp_path: Path) -> None:
    server.behave = lambda path, count: "late 0.02"
    running = [subprocess.Popen(command(annotations, tmp_path / name)) for name in ("a", "b")]
    assert [process.wait(DEADLINE) for process in running] == [0, 0]
    assert set(server.asked.values()) == {1}
    assert contents(tmp_path / "a" / "dataset") == contents(tmp_path / "b" / "dataset")


def test_an_interrupted_command_ends_without_a_traceback(annotations: Path, server: WebServer, tmp_path: Path) -> None:
    server.behave = lambda path, count: "late 0.1"
    with subprocess.Popen(command(annotations, tmp_path / "out"), stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: sum(server.asked.values()) >= 2)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE)
    assert server.most <= 2, "--connections"
    assert process.returncode == 130
    assert "Traceback" not in errors


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
