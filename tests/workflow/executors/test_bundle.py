"""Files that go from one machine to another."""

import os
from pathlib import Path

import pytest

from bakeoff.core.errors import StorageError
from bakeoff.workflow.executors.bundle import Bundle, node_folder, pack, unpack, unpack_bundle


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of a node."""
    (tmp_path / "node").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "node"))
    return tmp_path / "node"


@pytest.fixture
def data(tmp_path: Path) -> Bundle:
    """Two files, one of them empty, and one that is not in the bundle."""
    for name, raw in (("seal", b"1"), ("parts/a.npy", b""), ("other", b"3")):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(raw)
    return Bundle.of(tmp_path / "data", ["seal", "parts/a.npy"], "seal")


def test_a_bundle_is_written_once_and_by_its_digest(node: Path, data: Bundle) -> None:
    folder = unpack_bundle(data, data.load())
    assert folder == node_folder() / data.digest
    assert sorted(own.relative_to(folder).as_posix() for own in folder.rglob("*")) == ["parts", "parts/a.npy", "seal"]
    assert data.is_in(folder)
    assert unpack_bundle(data, []) == folder, "it is not asked for again"
    (folder / "parts" / "a.npy").unlink()
    assert not data.is_in(folder)
    assert data.is_in(unpack_bundle(data, data.load()))


def test_a_bundle_that_leads_out_of_its_folder_is_refused(node: Path, data: Bundle) -> None:
    foreign = Bundle(data.root, ("../seal",), "seal", data.digest)
    with pytest.raises(StorageError, match="leaves the folder"):
        unpack_bundle(foreign, data.load())
    assert [own.name for own in node.rglob("*") if own.is_file()] == []


def test_the_folder_is_of_this_user_alone(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert node_folder().stat().st_mode & 0o777 == 0o700
    (node / "bakeoff-12345").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(StorageError, match=r"belongs to another user\. Set TMPDIR"):
        node_folder()


def test_what_was_packed_is_what_is_unpacked(tmp_path: Path, data: Bundle) -> None:
    packed = pack(data.root)
    assert packed == {"seal": b"1", "parts/a.npy": b"", "other": b"3"}
    unpack(packed, tmp_path / "copy")
    assert pack(tmp_path / "copy") == packed
    unpack({"": b"alone"}, tmp_path / "file")
    assert pack(tmp_path / "file") == {"": b"alone"}
    assert pack(tmp_path / "nothing") is None
    with pytest.raises(StorageError, match="leaves the folder"):
        unpack({"../out": b""}, tmp_path / "copy")
    assert pack(tmp_path / "copy") == packed, "all or nothing"
