"""What is written is whole or absent, and a folder that holds something else is left alone."""

from pathlib import Path

import pytest

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import check_owned, digest, mark_owned, read_json, write_json
from bakeoff.data.index import License
from bakeoff.evaluation.improvements import Improvements


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", License(3, "CC <b>", "http://x"))
    assert read_json(tmp_path / "deep" / "a.json", License) == License(3, "CC <b>", "http://x")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"id": "x"}', b"\xff\xfe", b"", b'{"x": ' + b"[" * 10**5])
def test_a_damaged_record_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"a.json is damaged or was written by another version"):
        read_json(tmp_path / "a.json", License)


def test_a_missing_record_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a.json is missing"):
        read_json(tmp_path / "a.json", License)


def test_another_schema_is_reported_before_what_else_differs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"schema": 0, "older": true}')
    with pytest.raises(StorageError, match=r"a.json has schema 0, this version of bakeoff reads schema 3. Make it aga"):
        read_json(tmp_path / "a.json", Improvements)
    with pytest.raises(StorageError, match=r"reads schema 3. Remove .*/run and run again"):
        read_json(tmp_path / "a.json", Improvements, tmp_path / "run")


def test_what_can_not_be_read_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"can't read .*file/a.json: Not a directory"):
        read_json(tmp_path / "file" / "a.json", License)


def test_digest_tells_parts_apart_and_ignores_the_order_of_keys() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_a_new_folder_replaces_the_old_one_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with atomic_folder(target) as folder:
        (folder / "a").write_text("1")

    def fail() -> None:
        with atomic_folder(target) as folder:
            (folder / "a").write_text("2")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (target / "a").read_text() == "1"
    with atomic_folder(target) as folder:
        (folder / "b").write_text("3")
    assert [entry.name for entry in target.iterdir()] == ["b"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["target"]


def test_a_refusal_of_the_operating_system_names_the_path_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"can't write .*file/a.json"):
        write_bytes(tmp_path / "file" / "a.json", b"1")
    with pytest.raises(StorageError, match=r"can't write .*No space left on device"):
        _write_to_full_device(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def _write_to_full_device(folder: Path) -> None:
    with atomic_folder(folder / "target"), Path("/dev/full").open("wb", buffering=0) as device:
        device.write(b"1")


def test_a_folder_with_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(StorageError, match=r"holds something else \(thesis.docx\); choose an empty or new folder"):
        mark_owned(tmp_path, "experiment")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.docx"]
    with pytest.raises(StorageError, match="is a file"):
        check_owned(tmp_path / "thesis.docx", "experiment")


def test_a_claimed_folder_is_ours_for_that_kind_only(tmp_path: Path) -> None:
    mark_owned(tmp_path / "new", "experiment")
    (tmp_path / "new" / "runs").mkdir()
    mark_owned(tmp_path / "new", "experiment")
    with pytest.raises(StorageError, match="holds a bakeoff experiment, not a report"):
        mark_owned(tmp_path / "new", "report")
