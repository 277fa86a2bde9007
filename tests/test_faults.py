"""What goes wrong around a build: killed at any moment, a full disk, a read-only one, two at once, other photos."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.web_server import WebServer, published, serve

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.workflow import pipeline

SETTINGS = ("data.train_per_class=8", "data.val_per_class=4", "data.workers=1")
KILLS = 30
SERVER = """
import os, sys
import bakeoff.data.coco, bakeoff.data.build, bakeoff.data.selection, bakeoff.data.sources.http
from bakeoff.workflow import pipeline
from bakeoff.config.loading import load_experiment
from pathlib import Path

settings = sys.argv[1:]
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        try:
            folder = Path(line.strip())
            cache = f"data.cache={folder.parent / 'cache'}"
            pipeline.build(load_experiment("demo", [*settings, cache]), folder)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    print(pid, flush=True)
    sys.stdin.readline()  # until then the number stays that of this process
    print(os.waitpid(pid, 0)[1], flush=True)
"""
"""Starts a build for each line that names its folder, in a process of its own that has all modules already."""


def settings(sample: Path) -> list[str]:
    return [*SETTINGS, f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}"]


@pytest.fixture
def server(sample: Path) -> Iterator[WebServer]:
    """Serves the sample, each photo after some milliseconds."""
    photos = {f"/train2017/{path.name}": path.read_bytes() for path in (sample / "images").rglob("*.jpg")}
    with serve(photos, lambda path, count: "late 0.01") as running:
        yield running


@pytest.fixture(params=["from a folder", "from a server"])
def kind(request: pytest.FixtureRequest, sample: Path, tmp_path: Path) -> list[str]:
    """The settings of a build."""
    return settings(sample) if request.param == "from a folder" else request.getfixturevalue("by_url")


@pytest.fixture
def by_url(sample: Path, server: WebServer, tmp_path: Path) -> list[str]:
    """The settings of a build that downloads its photos."""
    annotations = published(sample / "instances.json", tmp_path / "instances.json", server)
    own = ("data.images=url", "data.allow_private=true", "data.connections=2")
    return [*SETTINGS, *own, f"data.annotations={annotations}"]


class Builder:
    """Builds in processes that start at once and can be killed."""

    def __init__(self, settings: list[str]) -> None:
        command = [sys.executable, "-c", SERVER, *settings]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def begin(self, folder: Path) -> int:
        """Begins a build; returns its process."""
        self._write(str(folder))
        return int(self._read())

    def end(self) -> int:
        """Waits until it has ended; 0 where it went well."""
        self._write("")
        return int(self._read())


@pytest.fixture
def builder(kind: list[str]) -> Iterator[Builder]:
    started = Builder(kind)
    yield started
    started.process.kill()
    started.process.communicate()


def content(folder: Path) -> dict[str, str]:
    """The digest of every file, hidden ones too."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_the_repeated_command_ends_with_the_same_bytes(builder: Builder, tmp_path: Path) -> None:
    begun = time.perf_counter()
    builder.begin(tmp_path / "undisturbed" / "out")
    assert builder.end() == 0
    whole, expected = time.perf_counter() - begun, content(tmp_path / "undisturbed" / "out")
    killed, moments = 0, np.random.default_rng(0)
    for number in range(4 * KILLS):
        moment, folder = moments.uniform(0, whole), tmp_path / str(number) / "out"
        process = builder.begin(folder)
        time.sleep(moment)
        os.kill(process, signal.SIGKILL)
        if builder.end():
            killed += 1
        else:  # it had ended: a build takes less time than the first did
            whole = (whole + moment) / 2
        builder.begin(folder)
        assert builder.end() == 0
        assert content(folder) == expected, f"killed after {moment:.3f} s"
        if killed == KILLS:
            break
    assert killed == KILLS


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_builds_into_one_folder_at_once_leave_one_whole_data_set(sample: Path, tmp_path: Path) -> None:
    builders = [Builder(settings(sample)) for _ in range(2)]
    try:
        builders[0].begin(tmp_path / "alone" / "out")
        assert builders[0].end() == 0
        for _ in range(5):
            for one in builders:
                one.begin(tmp_path / "both" / "out")
            assert [one.end() for one in builders] == [0, 0]
            assert content(tmp_path / "both" / "out") == content(tmp_path / "alone" / "out")
            shutil.rmtree(tmp_path / "both")
    finally:
        for one in builders:
            one.process.kill()
            one.process.communicate()


def on_own_disk(own: list[str], place: Path, prepare: str) -> subprocess.CompletedProcess[str]:
    """The command `build` on a small disk in memory; what is on it afterwards follows in the output."""
    place.mkdir()
    command = [
        sys.executable,
        "-c",
        "from bakeoff.cli.main import main; main()",
        "build",
        "demo",
        "--out",
        str(place / "out"),
    ]
    command += [part for setting in own for part in ("--set", setting)]
    mount = f"mount -t tmpfs -o size=500k tmpfs {place} && {prepare} && echo mounted || exit 77"
    script = f'{mount}; "$@"; status=$?; find {place}; exit $status'
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("needs the command unshare")
    full = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *command]
    ended = subprocess.run(full, capture_output=True, text=True, check=False)
    if "mounted" not in ended.stdout:
        pytest.skip(f"no disk can be mounted here: {ended.stderr.strip()}")
    return ended


@pytest.mark.parametrize(
    ("prepare", "message"),
    [("true", "No space left on device"), ("mount -o remount,ro {place}", "Read-only file system")],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_more_is_one_message(
    kind: list[str], tmp_path: Path, prepare: str, message: str
) -> None:
    place = tmp_path / "disk"
    ended = on_own_disk([*kind, f"data.cache={place / 'cache'}"], place, prepare.format(place=place))
    assert ended.returncode == 2, ended.stderr
    assert message in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    left = [line for line in ended.stdout.splitlines() if line.startswith(str(place))]
    assert not any("dataset" in line or ".partial" in line for line in left), "nothing is half-written"


@pytest.fixture
def own(sample: Path, tmp_path: Path) -> tuple[ExperimentConfig, Path]:
    """An experiment with photos of its own, and its folder, in which the images are selected already."""
    photos = shutil.copytree(sample, tmp_path / "photos")
    experiment, folder = load_experiment("demo", settings(photos)), tmp_path / "out"
    pipeline.select(experiment, folder)
    return experiment, folder


def test_a_photo_that_is_damaged_after_the_selection_is_replaced(own: tuple[ExperimentConfig, Path]) -> None:
    experiment, folder = own
    chosen = pipeline.select(experiment, folder).chosen.row(0, named=True)
    (Path(experiment.data.images) / chosen["file_name"]).write_bytes(b"no photo any more")
    dataset = pipeline.build(experiment, folder)
    assert chosen["image_id"] not in dataset.manifest["image_id"]
    row = dataset.ledger.row(by_predicate=pl.col("image_id") == chosen["image_id"], named=True)
    assert "not a JPEG" in str(row)
    assert dataset.manifest.height == 60


def test_a_photo_that_is_another_after_the_selection_is_known_by_its_digest(own: tuple[ExperimentConfig, Path]) -> None:
    experiment, folder = own
    first, other = pipeline.select(experiment, folder).chosen["file_name"][:2]
    photos = Path(experiment.data.images)
    raw = (photos / other).read_bytes()
    (photos / first).write_bytes(raw)
    manifest = pipeline.build(experiment, folder).manifest
    row = manifest.row(by_predicate=pl.col("file_name") == first, named=True)
    assert hashlib.sha256(raw).hexdigest().startswith(row["source_digest"])
