"""Instances files in zip archives: which member is meant, and archives that can't be used."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.coco import read_index
from bakeoff.data.coco.archive import split

VAL, TRAIN = "annotations/instances_val2017.json", "annotations/instances_train2017.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "annotations.zip"


def fill(archive: Path, content: dict[str, Any], *names: str) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, json.dumps(content))


@pytest.mark.parametrize(
    "names",
    [
        [VAL],
        ["labels.json"],
        [VAL, "annotations/captions_val2017.json", "annotations/person_keypoints_val2017.json", "README.txt"],
        [VAL, "__MACOSX/annotations/._instances_val2017.json"],
    ],
)
def test_the_only_instances_file_need_not_be_named(
    archive: Path, small: dict[str, Any], names: tuple[str, ...]
) -> None:
    fill(archive, small, *names)
    assert read_index(archive).images.height == 2


def test_a_member_is_named_behind_the_archives_path(archive: Path, small: dict[str, Any], tmp_path: Path) -> None:
    fill(archive, small, TRAIN)
    small["images"].pop()
    with zipfile.ZipFile(archive, "a") as made:
        made.writestr(VAL, json.dumps(small))
    for _ in range(2):  # read, then from the cache
        assert read_index(archive / TRAIN, tmp_path / "cache").images.height == 2
        assert read_index(archive / VAL, tmp_path / "cache").images.height == 1


def test_a_file_on_disk_comes_before_a_member(tmp_path: Path) -> None:
    folder = tmp_path / "x.zip"
    folder.mkdir()
    assert split(folder / "instances.json") == (folder / "instances.json", "")


def test_a_member_that_is_not_clear_is_refused_with_the_choices(archive: Path, small: dict[str, Any]) -> None:
    fill(archive, small, VAL, TRAIN, "annotations/captions_val2017.json")
    with pytest.raises(AnnotationsError, match=f"{TRAIN}, {VAL}. Give one of them as {archive}/{TRAIN}"):
        read_index(archive)
    with pytest.raises(AnnotationsError, match=f"unknown member 'instances_val2017.json'. Did you mean .*{VAL}"):
        read_index(archive / "instances_val2017.json")
    fill(archive, small, "images/1.jpg")
    with pytest.raises(AnnotationsError, match="holds no JSON file"):
        read_index(archive)


def test_names_that_lead_out_of_an_archive_lead_nowhere(archive: Path, small: dict[str, Any], tmp_path: Path) -> None:
    fill(archive, small, "../instances_up.json", "/instances_root.json")
    assert read_index(archive / "../instances_up.json").images.height == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["annotations.zip"], "nothing is unpacked"
    with pytest.raises(AnnotationsError, match="holds several files that may be meant"):
        read_index(archive)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_encrypted_member_is_refused(archive: Path, small: dict[str, Any], method: int) -> None:
    fill(archive, small, VAL)
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as made:
        made.infolist()
        central = made.start_dir
    marked = bytearray(raw)
    marked[6] |= 1  # the flags in the local header, and in the central directory
    marked[central + 8] |= 1
    archive.write_bytes(marked)
    with pytest.raises(AnnotationsError, match=f"{VAL} is encrypted; unpack it with its password"):
        read_index(archive)


def test_a_damaged_archive_is_refused(archive: Path, small: dict[str, Any]) -> None:
    fill(archive, small, VAL)
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as made:
        central = made.start_dir
    for damage in (raw[:central], raw[: central + 9], raw.replace(b"PK\x01\x02", b"PK\x09\x09"), b"PK\x03\x04packed"):
        archive.write_bytes(damage)
        with pytest.raises(AnnotationsError, match=r"is packed and damaged .*; download or pack it again"):
            read_index(archive)
