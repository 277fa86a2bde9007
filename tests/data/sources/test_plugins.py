"""A source of another package: found by its entry point, asked after bakeoff's own, read in worker processes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import experiment

from bakeoff.core.errors import ConfigError, SourceError
from bakeoff.core.registry import sources
from bakeoff.data.source import open_source
from bakeoff.data.sources.folder import FolderSource
from bakeoff.workflow import pipeline

MODULE = """
from pathlib import Path

class Shelf:
    def __init__(self, root):
        self.root = Path(root)

    def prepare(self, urls):
        return self

    def read(self, file_name):
        return (self.root / file_name).read_bytes()

    def describe(self):
        return f"shelf of {self.root.name}"

def open_shelf(images, downloads):
    return Shelf(images.removeprefix("shelf://")) if images.startswith("shelf://") else None
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a package with a source of that name as its entry point."""
    sources.names()
    monkeypatch.setattr(sources, "_plugins", dict(sources._plugins))
    monkeypatch.syspath_prepend(tmp_path / "site")

    def installed(target: str) -> None:
        info = tmp_path / "site" / "shelves-1.0.dist-info"
        info.mkdir(parents=True)
        (tmp_path / "site" / "shelves.py").write_text(MODULE)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelves\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bakeoff.sources]\nshelf = {target}\n")

    return installed


def test_a_source_of_another_package_is_read_in_worker_processes(
    install: Callable[[str], None], sample: Path, tmp_path: Path
) -> None:
    install("shelves:open_shelf")
    more = ("data.train_per_class=16", "data.workers=2")  # enough for worker processes
    other = experiment(sample, *more, f"data.images=shelf://{sample / 'images'}")
    found = [pipeline.build(own, tmp_path / name) for own, name in ((experiment(sample, *more), "a"), (other, "b"))]
    assert found[0].info.digest == found[1].info.digest
    assert found[1].info.photos == "shelf of images"


def test_a_plugin_that_can_not_be_loaded_disturbs_none_of_our_own(install: Callable[[str], None], sample: Path) -> None:
    install("shelves:missing")
    assert isinstance(open_source(str(sample / "images")), FolderSource)
    with pytest.raises(ConfigError, match=r"shelf.*shelves"):
        open_source("shelf://x")


def test_what_no_source_opens_is_refused_with_the_names_of_those_that_there_are() -> None:
    with pytest.raises(SourceError, match=r"s3://bucket.*refused.*folder, http, zip"):
        open_source("s3://bucket")
