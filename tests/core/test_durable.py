"""Bytes reach the disk before the name that stands for them: the order of the system calls."""

import errno
import os
from pathlib import Path

import pytest

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.durable import sync_folder
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import write_json


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was synced and renamed, by the names within the test's folder; the staging folder is called `staging`."""
    seen: list[tuple[str, str]] = []
    opened: dict[int, str] = {}
    os_open, fsync, replace = os.open, os.fsync, os.replace

    def name(path: object) -> str:
        parts = Path(str(path)).relative_to(tmp_path).parts
        return "/".join("staging" if ".partial-" in part else part for part in parts) or "."

    def opening(path: str, *options: int, **named: int) -> int:
        descriptor = os_open(path, *options, **named)
        opened[descriptor] = str(path)
        return descriptor

    def syncing(descriptor: int) -> None:
        seen.append(("sync", name(opened[descriptor])))
        fsync(descriptor)

    def renaming(source: Path, target: Path) -> None:
        seen.append(("rename", name(target)))
        replace(source, target)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(os, "replace", renaming)
    return seen


def test_a_file_is_on_the_disk_before_its_name_is(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    write_bytes(tmp_path / "a", b"whole")
    write_json(tmp_path / "b", {"whole": True})
    file = ("sync", "staging")
    assert calls == [file, ("rename", "a"), ("sync", "."), file, ("rename", "b"), ("sync", ".")]


def test_all_of_a_folder_is_on_the_disk_before_its_name_is(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    for _ in range(2):  # the second replaces the first
        calls.clear()
        with atomic_folder(tmp_path / "run") as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "b").write_bytes(b"b")
            (folder / "a").write_bytes(b"a")
    new = "staging/new"
    assert set(calls[:2]) == {("sync", f"{new}/a"), ("sync", f"{new}/deep/b")}, "files come first, several at once"
    assert calls[2:] == [
        ("sync", f"{new}/deep"),
        ("sync", new),
        ("rename", "staging/old"),
        ("rename", "run"),
        ("sync", "."),
    ]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_where_a_folder_can_not_be_synced_that_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fsync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    write_bytes(tmp_path / "a", b"whole")
    sync_folder(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"whole"


def test_a_disk_that_fails_is_an_error_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match=r"a .*Input/output error|a: Input/output error"):
        write_bytes(tmp_path / "a", b"new")
    with pytest.raises(StorageError, match="Input/output error"), atomic_folder(tmp_path / "run") as folder:
        (folder / "file").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"
