"""Seals: whatever is changed in a sealed folder is noticed."""

from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import StorageError
from bakeoff.core.seals import SEAL, broken_seals, check_seal, seal
from bakeoff.core.storage import check_sealed, read_json, write_sealed


class Note(msgspec.Struct, frozen=True):
    text: str
    schema: int = 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept" / "deep").mkdir(parents=True)
    (tmp_path / "kept" / "a.bin").write_bytes(bytes(range(256)))
    (tmp_path / "kept" / "deep" / "b.txt").write_text("b")
    seal(tmp_path / "kept")
    return tmp_path / "kept"


def test_what_is_as_it_was_written_passes(folder: Path) -> None:
    check_seal(folder, "a.bin", "deep/b.txt", "never-there")
    assert list(broken_seals(folder.parent)) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 255), st.integers(0, 7))
def test_one_bit_is_noticed(folder: Path, position: int, bit: int) -> None:
    path = folder / "a.bin"
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[position] ^= 1 << bit
    path.write_bytes(changed)
    with pytest.raises(StorageError, match=r"a\.bin was altered after it was written. Remove .*kept and run again"):
        check_seal(folder, "a.bin")
    assert list(broken_seals(folder)) == [f"{path} was altered"]
    path.write_bytes(whole)


def test_files_that_are_missing_or_were_added_are_named(folder: Path) -> None:
    (folder / "deep" / "b.txt").unlink()
    (folder / "c.txt").touch()
    assert list(broken_seals(folder)) == [f"{folder / 'deep/b.txt'} is missing", f"{folder / 'c.txt'} was added"]
    with pytest.raises(StorageError, match=r"c\.txt was altered"):
        check_seal(folder, "c.txt")


def test_a_seal_that_was_altered_itself_protects_nothing_in_silence(folder: Path) -> None:
    text = (folder / SEAL).read_text()
    (folder / SEAL).write_text(text.replace("a.bin", "a.bim"))
    with pytest.raises(StorageError, match="altered"):
        check_seal(folder, "a.bin")
    (folder / SEAL).write_text(text[:-20])
    with pytest.raises(StorageError, match="damaged"):
        check_seal(folder, "a.bin")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 200), st.integers(0, 7))
def test_a_sealed_record_gives_itself_back_or_an_error(tmp_path: Path, position: int, bit: int) -> None:
    path, note = tmp_path / "note.json", Note("a text of some length")
    write_sealed(path, note)
    assert read_json(path, Note, sealed=True) == note
    check_sealed(path)
    raw = bytearray(path.read_bytes())
    raw[position % len(raw)] ^= 1 << bit
    path.write_bytes(raw)
    with suppress(StorageError):
        assert read_json(path, Note, sealed=True) == note, "only the key of the seal or white space was changed"
