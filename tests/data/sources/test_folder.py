"""Photos in a folder: what is a photo, links, and folders that can't be used."""

import os
from pathlib import Path

import pytest

from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.untrusted import LARGEST_FILE
from bakeoff.data.source import open_source
from bakeoff.data.sources.folder import FolderSource


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").write_bytes(b"a")
    (tmp_path / "photos" / "deep" / "b.jpg").write_bytes(b"b")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return tmp_path / "photos"


def test_a_link_that_leaves_the_folder_is_refused_one_that_stays_is_not(photos: Path) -> None:
    (photos / "out.jpg").symlink_to(photos.parent / "secret.jpg")
    (photos / "in.jpg").symlink_to(photos / "a.jpg")
    (photos / "loop.jpg").symlink_to(photos / "loop.jpg")
    with pytest.raises(ImageError, match="leaves the folder"):
        FolderSource(photos).read("out.jpg")
    assert FolderSource(photos).read("in.jpg") == b"a"
    with pytest.raises(ImageError):
        FolderSource(photos).read("loop.jpg")


def test_what_is_no_photo_is_an_error_with_its_reason(photos: Path) -> None:
    (photos / "empty.jpg").touch()
    os.mkfifo(photos / "pipe.jpg")
    with (photos / "huge.jpg").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    reasons = {"c.jpg": "missing", "empty.jpg": "empty", "pipe.jpg": "not a file", "deep": "not a file"}
    for name, reason in {**reasons, "huge.jpg": "more than", "x" * 300: "can't be"}.items():
        with pytest.raises(ImageError, match=reason):
            FolderSource(photos).read(name)


def test_a_folder_that_can_not_be_used(photos: Path) -> None:
    with pytest.raises(SourceError, match=r"photo does not exist. There is photos in .*Give --images FOLDER"):
        open_source(str(photos.parent / "photo"))
    with pytest.raises(SourceError, match="is not a folder"):
        open_source(str(photos / "a.jpg"))
    (photos.parent / "empty").mkdir()
    with pytest.raises(SourceError, match="is empty"):
        open_source(str(photos.parent / "empty"))
    with pytest.raises(SourceError, match="no photos are given"):
        open_source("")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_folder_that_the_system_refuses(photos: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"can't be read: .* Give --images FOLDER"):
        open_source(str(photos / name))


def test_what_may_not_be_read_is_an_error_with_its_reason(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # the rights of files do not bind a root user
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ImageError, match="can't be read: Permission denied"):
        FolderSource(photos).read("a.jpg")
    with pytest.raises(SourceError, match="can't be read: Permission denied"):
        open_source(str(photos))
