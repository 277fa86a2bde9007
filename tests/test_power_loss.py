"""Power is lost after any step of an experiment: the same command ends with the same bytes.

A layer below the writes takes a picture of the disk before and after each rename that other commands can see, once with
all that was written and once without the bytes that were not synced.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import experiment
from tests.web_server import published, serve

from bakeoff.core.errors import StorageError
from bakeoff.data.build import workers
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds names of open files in /proc")
SHORT = ("training.networks=net1", "training.epochs=2")
MEASURED = {"seconds", "images_per_second", "peak_memory", "seal", "mean_seconds"}
"""What differs from one time to the next."""
Stamp = tuple[int, int]


class Disk:
    """Takes pictures of a folder, into another one."""

    def __init__(self, root: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.pictures, self.synced = root, pictures, set[Stamp]()
        self.taken: list[Path] = []
        fsync, replace = os.fsync, os.replace

        def syncing(descriptor: int) -> None:
            fsync(descriptor)
            self.synced.add(stamp(os.fstat(descriptor)))

        def renaming(source: Path, target: Path) -> None:
            seen = root in Path(target).parents and ".partial-" not in str(Path(target).parent)
            if seen:
                self.take(f"before {Path(target).name}")
            replace(source, target)
            if seen:
                self.take(f"after {Path(target).name}")

        monkeypatch.setattr(os, "fsync", syncing)
        monkeypatch.setattr(os, "replace", renaming)

    def take(self, name: str) -> None:
        whole = self.pictures / f"{len(self.taken):02} {name}"
        shutil.copytree(self.root, whole)
        lost = Path(shutil.copytree(self.root, f"{whole}, unsynced lost"))
        unsynced = [path for path in files(self.root) if stamp(path.stat()) not in self.synced]
        for path in unsynced:
            (lost / path.relative_to(self.root)).write_bytes(b"")
        self.taken += [whole, lost]


def stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_mtime_ns


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def content(folder: Path) -> dict[str, object]:
    """Every file by its bytes, those with wall times without them; of the report's page and tables, that they are.

    What is left beside an entry of a cache, such as an empty lock file, is removed when that is next written.
    """
    found = {str(path.relative_to(folder)): path for path in files(folder)}
    return {name: _content(path) for name, path in found.items() if not re.match(r"(\.bakeoff-)?cache/(.*/)?\.", name)}


def _content(path: Path) -> object:
    if path.name == "sealed.json":
        return sorted(json.loads(path.read_text())["files"])
    if path.suffix in {".json", ".jsonl"}:
        return [_without_times(json.loads(line)) for line in _documents(path)]
    return path.name if "report" in path.parts and path.suffix in {".html", ".md", ".csv"} else path.read_bytes()


def _documents(path: Path) -> Iterator[str]:
    yield from path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in MEASURED}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def recovered(
    command: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[set[str], set[str]]:
    """Repeats a command, given the disk's root, from each picture of it; gives the steps, and the files at the end."""
    with monkeypatch.context() as patched:
        disk = Disk(tmp_path / "root", tmp_path / "pictures", patched)
        (tmp_path / "root").mkdir()
        command(tmp_path / "root")
    expected = content(tmp_path / "root")
    for picture in disk.taken:
        try:
            Experiment(picture / "out").verify()
            _ = Experiment(picture / "out").digests
        except StorageError:
            pass  # one clear error: the stage has not ended
        command(picture)
        assert content(picture) == expected, picture.name
    return {path.name.split(", ")[0].split(" ", 2)[2] for path in disk.taken}, {*expected}


@pytest.mark.slow
def test_from_any_moment_the_same_command_ends_with_the_same_bytes(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = experiment(sample, *SHORT)
    steps, left = recovered(lambda root: pipeline.run(config, root / "out"), tmp_path, monkeypatch)
    assert {"out/runs/net1-seed0/model.safetensors", "out/report/index.html"} < left
    assert steps >= {"selection", "dataset", "net1-seed0", "comparison.json", "findings.json", "report"}


@pytest.mark.slow
def test_from_any_moment_of_a_download(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = {f"/train2017/{path.name}": path.read_bytes() for path in (sample / "images").rglob("*.jpg")}
    with serve(photos) as server:
        own = f"data.annotations={published(sample / 'instances.json', tmp_path / 'instances.json', server)}"
        few = ("data.train_per_class=2", "data.val_per_class=1", "data.connections=1", "data.allow_private=true")

        def command(root: Path) -> object:
            return pipeline.build(
                experiment(sample, own, *few, "data.images=url", f"data.cache={root / 'cache'}"), root / "out"
            )

        steps, left = recovered(command, tmp_path, monkeypatch)
    stored = {Path(name).name for name in left if name.startswith("cache/photos")}
    assert len(stored) >= 15
    assert stored < steps


@pytest.mark.slow
def test_from_any_moment_of_a_build_by_several_processes(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CHUNK", 8)
    config = experiment(sample, "data.workers=2")
    steps, left = recovered(lambda root: pipeline.build(config, root / "out"), tmp_path, monkeypatch)
    assert {"selection", "dataset"} < steps
    assert "out/dataset/train.npy" in left


def test_a_report_while_networks_are_trained_is_of_the_runs_that_ended(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "out"))
    shutil.rmtree(folder / "runs" / "net2-seed0")
    with Experiment(folder).locked():  # as `train` holds it
        page = pipeline.write_report(folder)
    assert page.exists()
    assert [network.name for network in Experiment(folder).comparison.networks] == ["net1"]
    assert not list(folder.glob(".*.lock"))


def test_what_killed_commands_left_of_the_records_is_removed(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "out"))
    names = ("bakeoff", "experiment", "latency", "comparison", "findings")
    left = [folder / f".{name}.json.partial-1234567" for name in names]
    for path in left:
        path.touch()
    pipeline.write_report(folder)
    with Experiment(folder).locked():
        pass
    assert not [path for path in left if path.exists()]


def test_what_a_killed_selection_left_of_the_marker_is_removed(sample: Path, tmp_path: Path) -> None:
    left = tmp_path / "out" / ".bakeoff.json.partial-1234567"
    left.parent.mkdir()
    left.touch()
    pipeline.select(experiment(sample), tmp_path / "out")
    assert not left.exists()
