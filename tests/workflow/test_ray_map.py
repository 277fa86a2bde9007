"""Photos read by tasks of a Ray cluster: the same bytes as without it, or an error."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.conftest import experiment
from tests.ray_cluster import files_in

from bakeoff.config.cluster import ClusterConfig
from bakeoff.core.errors import ConfigError, ImageError, SourceError
from bakeoff.core.progress import silent
from bakeoff.data import inputs
from bakeoff.data.sources.folder import FolderSource
from bakeoff.workflow import pipeline, ray_map
from bakeoff.workflow.executors import nodes

ANY = ClusterConfig()
MAP = partial(ray_map.ray_map, ANY)
ON_RAY = ("data.workers=0", "training.executor=ray")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of photos that went to the cluster, few at once."""
    sizes: list[int] = []

    def run(cluster: ClusterConfig, function: Callable[..., object], pieces: Iterator[Sequence[object]]) -> object:
        return MAP(function, (sizes.append(len(piece)) or piece for piece in pieces))

    monkeypatch.setattr("bakeoff.data.build.workers.PIECE", 5)
    monkeypatch.setattr(ray_map, "ray_map", run)
    return sizes


@pytest.mark.usefixtures("ray_node")
def test_a_data_set_built_by_ray_has_the_bytes_of_one_built_here(
    sample: Path, tmp_path: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample.parent)  # of which the processes of a cluster know nothing by themselves
    relative = Path(sample.name)
    here = pipeline.build(experiment(relative), tmp_path / "here")
    assert counted == []
    there = pipeline.build(experiment(relative, *ON_RAY), tmp_path / "there")
    assert sum(counted) == sum(there.info.counts.values())
    assert len(counted) > 4, "more than are handed out at once"
    assert files_in(there.folder) == files_in(here.folder)


@pytest.mark.usefixtures("ray_node")
def test_an_audit_by_ray_finds_the_same(tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.data.elsewhere.PIECE", 5)
    photos = sorted((sample / "images").iterdir())
    for name, own in (("cat", photos[:12]), ("dog", photos[10:20])):
        (tmp_path / "tree" / name).mkdir(parents=True)
        for photo in own:
            (tmp_path / "tree" / name / photo.name).write_bytes(photo.read_bytes())
    (tmp_path / "tree" / "dog" / "x.jpg").write_bytes(b"no photo")
    found = inputs.audit(tmp_path / "tree", "", silent, MAP)
    assert found == inputs.audit(tmp_path / "tree", "", silent)
    assert (len(found.leaks), [own.file for own in found.unreadable]) == (2, ["dog/x.jpg"])


class OnlyHere(FolderSource):
    """A folder that no other process sees."""

    process = os.getpid()

    def prepare(self, urls: Mapping[str, str | None]) -> "OnlyHere":
        return self

    def read(self, file_name: str) -> bytes:
        if os.getpid() != self.process:
            raise ImageError("missing")
        return super().read(file_name)

    def __reduce__(self) -> tuple[object, ...]:
        return _only_there, (self.root, self.process)


def _only_there(root: Path, process: int) -> OnlyHere:
    source = OnlyHere(root)
    object.__setattr__(source, "process", process)
    return source


@pytest.mark.usefixtures("ray_node", "counted")
def test_photos_that_a_node_does_not_see_are_an_error(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "open_source", lambda data, monitor: OnlyHere(sample / "images"))
    with pytest.raises(SourceError, match=r"^machine .* can't use the photo .*\.jpg \(missing\), .* data\.workers"):
        pipeline.build(experiment(sample, *ON_RAY), tmp_path / "out")
    assert not (tmp_path / "out" / "dataset").exists()


@pytest.mark.usefixtures("ray_node")
def test_a_node_with_other_versions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "version", lambda name: "9.9")
    with pytest.raises(ConfigError, match=r"^node [\d.]+ has bakeoff .*, this machine 9\.9"):
        list(MAP(len, ["ab"]))


def die_once(marker: Path, piece: str) -> str:
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return piece.upper()


@pytest.mark.slow
@pytest.mark.usefixtures("ray_node")
def test_a_task_whose_process_dies_is_begun_again(tmp_path: Path) -> None:
    assert list(MAP(partial(die_once, tmp_path / "died"), "abcdefg")) == list("ABCDEFG")
    assert (tmp_path / "died").exists()


def die(_piece: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_node")
def test_a_task_that_dies_again_and_again_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"^the Ray cluster could not read the photos: WorkerCrashedError"):
        list(MAP(die, "abc"))


@pytest.mark.usefixtures("ray_node")
def test_an_error_of_a_task_is_one_of_the_build() -> None:
    with pytest.raises(SourceError, match=r"^the Ray cluster could not read the photos: TypeError: .*len"):
        list(MAP(len, [1]))


def test_a_cluster_without_processors_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connected(_cluster: ClusterConfig) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(cluster_resources=lambda: {"memory": 1.0})

    monkeypatch.setattr(ray_map, "connected", connected)
    with pytest.raises(ConfigError, match="no node of the Ray cluster has a processor"):
        list(MAP(len, ["a"]))


@pytest.mark.parametrize(("address", "given"), [("", False), ("auto", True), ("10.0.0.1:6379", True)])
def test_a_cluster_is_named_by_its_address(address: str, given: bool) -> None:
    assert bool(ray_map.map_at(address)) is given
    assert (ray_map.map_of(experiment(Path("sample"))), bool(ray_map.map_of(experiment(Path("s"), *ON_RAY)))) == (
        None,
        True,
    )
