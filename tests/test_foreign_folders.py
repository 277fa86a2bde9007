"""A folder from somewhere else, any of its files changed in any way: one clear error, or the same result."""

import contextlib
import faulthandler
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bakeoff.cli.main import app
from bakeoff.core.errors import BakeoffError
from bakeoff.core.seals import SEAL
from bakeoff.training.predict import predict
from bakeoff.workflow import pipeline
from bakeoff.workflow.api import export
from bakeoff.workflow.experiment import Experiment

assert app
RUN = "runs/net1-seed0"
FILES = (
    *("experiment.json", "comparison.json", "findings.json", "explanations.json", "bakeoff.json"),
    *("selection/selection.json", "selection/ledger.parquet", "selection/selection.parquet"),
    *("dataset/dataset.json", "dataset/manifest.parquet", "dataset/ledger.parquet", "dataset/train.npy"),
    *("dataset/val.npy", "dataset/images/metadata.csv", "dataset/README.md", f"dataset/{SEAL}"),
    *(f"{RUN}/spec.json", f"{RUN}/run.json", f"{RUN}/log.jsonl", f"{RUN}/predictions.parquet"),
    *(f"{RUN}/model.safetensors", f"{RUN}/{SEAL}"),
)
"""One of every kind, and of every kind of record."""
HANG, MEMORY = 300, 2**30
"""Seconds after which a case counts as hanging, which ends the tests; bytes that it may take."""


Exported = tuple[float | None, bytes]


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Neither a hang nor a large piece of memory is possible within."""
    status = Path("/proc/self/status")
    used = int(re.search(r"VmData:\s+(\d+)", status.read_text())[1]) * 1024 if status.exists() else 0
    before = resource.getrlimit(resource.RLIMIT_DATA)
    faulthandler.dump_traceback_later(HANG, exit=True)
    if used:
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
        faulthandler.cancel_dump_traceback_later()


class Foreign:
    """An experiment's folder, what the commands make of it, and what they should."""

    def __init__(self, folder: Path, photo: Path) -> None:
        self.folder, self.photo = folder, photo
        self.expected = {name: command() for name, command in self.commands().items()}

    def commands(self) -> dict[str, Callable[[], object]]:
        run = self.folder / RUN
        return {
            "predict": lambda: predict(run, [self.photo], "cpu"),
            "score": lambda: pipeline.score(Experiment(self.folder))[0].comparison,
            "records": lambda: (Experiment(self.folder).comparison, Experiment(self.folder).findings),
            "digests": lambda: Experiment(self.folder).digests,
        }

    def check(self) -> None:
        """Every command gives what it should, or one error of ours; `verify` gives lines, or one error."""
        for name, command in self.commands().items():
            try:
                with limited():
                    found = command()
            except BakeoffError:
                continue
            assert found == self.expected[name], f"{name} gives another result"
        with contextlib.suppress(BakeoffError), limited():
            assert all(isinstance(line, str) for line in Experiment(self.folder).verify())


@pytest.fixture(scope="module")
def foreign(finished: Path, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("foreign") / "out"))
    return Foreign(folder, next((sample / "images").iterdir()))


@pytest.fixture(scope="module")
def unsealed(finished: Path, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    """The same without seals, as an attacker would leave them out."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("unsealed") / "out"))
    for path in folder.rglob(SEAL):
        path.unlink()
    return Foreign(folder, next((sample / "images").iterdir()))


class _Changed:
    """A file with other bytes, put back at the end."""

    def __init__(self, path: Path) -> None:
        self.path, self.raw = path, path.read_bytes()

    def __enter__(self) -> bytearray:
        return bytearray(self.raw)

    def __exit__(self, *_: object) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rmdir()
        self.path.unlink(missing_ok=True)
        self.path.write_bytes(self.raw)


FEW = settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.parametrize("name", FILES)
@FEW
@given(st.data())
def test_changed_bytes_are_one_error_or_change_nothing(foreign: Foreign, name: str, data: st.DataObject) -> None:
    with _Changed(foreign.folder / name) as raw:
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        (foreign.folder / name).write_bytes(raw)
        foreign.check()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["empty", "half", "longer", "folder", "link", "gone"])
def test_a_file_that_is_something_else_is_one_error_or_changes_nothing(
    foreign: Foreign, tmp_path: Path, name: str, how: str
) -> None:
    path = foreign.folder / name
    with _Changed(path) as raw:
        replace(path, bytes(raw), how, tmp_path)
        foreign.check()


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith((RUN, "dataset"))])
@settings(FEW, max_examples=1)
@given(st.data())
def test_an_export_of_changed_bytes_is_one_error_or_the_same_file(
    foreign: Foreign, exported: Exported, tmp_path: Path, name: str, data: st.DataObject
) -> None:
    with _Changed(foreign.folder / name) as raw:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
        (foreign.folder / name).write_bytes(raw)
        with contextlib.suppress(BakeoffError):
            assert export_both(foreign, tmp_path / "net1.onnx") == exported


def export_both(foreign: Foreign, target: Path) -> Exported:
    with limited():
        return export(foreign.folder / RUN, target), target.read_bytes()


@pytest.fixture(scope="module")
def exported(foreign: Foreign, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_both(foreign, tmp_path_factory.mktemp("exported") / "net1.onnx")


def replace(path: Path, raw: bytes, how: str, elsewhere: Path) -> None:
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "link":
        (elsewhere / "secret").write_bytes(raw[: len(raw) // 2])
        path.symlink_to(elsewhere / "secret")
    elif how != "gone":
        path.write_bytes({"empty": b"", "half": raw[: len(raw) // 2], "longer": raw + raw}[how])


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(SEAL)])
@FEW
@given(st.data())
def test_without_seals_changed_bytes_are_one_error_or_a_result(
    unsealed: Foreign, name: str, data: st.DataObject
) -> None:
    """Numbers can't be told from others then; but nothing crashes, and nothing is run."""
    unsealed.expected = dict.fromkeys(unsealed.expected, _Anything())
    with _Changed(unsealed.folder / name) as raw:
        start = data.draw(st.integers(0, len(raw) - 1))
        for place in range(start, min(len(raw), start + data.draw(st.integers(1, 8)))):
            raw[place] = data.draw(st.integers(0, 255))
        (unsealed.folder / name).write_bytes(raw)
        unsealed.check()


class _Anything:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(SEAL)])
@pytest.mark.parametrize("how", ["empty", "half", "longer", "folder", "gone"])
def test_without_seals_a_file_that_is_something_else_is_one_error(
    unsealed: Foreign, tmp_path: Path, name: str, how: str
) -> None:
    unsealed.expected = dict.fromkeys(unsealed.expected, _Anything())
    with _Changed(unsealed.folder / name) as raw:
        replace(unsealed.folder / name, bytes(raw), how, tmp_path)
        unsealed.check()
