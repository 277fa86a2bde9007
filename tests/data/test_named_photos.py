"""Photos named by files, folders and archives."""

import zipfile
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigError, ImageError, SourceError
from bakeoff.data.named_photos import find_photos


def write_zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return path


def test_files_folders_and_archives_in_their_order(tmp_path: Path) -> None:
    for name in ("one/b.jpg", "one/sub/a.PNG", "one/.hidden/c.jpg", "one/notes.txt", "z.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    archive = write_zip(tmp_path / "x.zip", "day/2.jpg", "1.jpg", "__MACOSX/._1.jpg", "day/notes.txt")
    found = list(find_photos([tmp_path / "z.webp", archive, tmp_path / "one"]))
    assert [(photo.name, photo.read()) for photo in found] == [
        (str(tmp_path / "z.webp"), b"z.webp"),
        (str(archive / "1.jpg"), b"1.jpg"),
        (str(archive / "day" / "2.jpg"), b"day/2.jpg"),
        (str(tmp_path / "one" / "b.jpg"), b"one/b.jpg"),
        (str(tmp_path / "one" / "sub" / "a.PNG"), b"one/sub/a.PNG"),
    ]


def test_a_photo_behind_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "there.jpg").write_bytes(b"there")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.jpg").symlink_to(tmp_path / "there.jpg")
    (tmp_path / "here" / "b.jpg").symlink_to(tmp_path / "nowhere.jpg")
    first, second = find_photos([tmp_path / "here"])
    assert first.read() == b"there"
    with pytest.raises(ImageError, match="missing"):
        second.read()


def test_names_that_leave_an_archive_are_no_photos_of_it(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "x.zip", "../../evil.jpg", "/etc/evil.jpg", "good.jpg")
    assert [photo.name for photo in find_photos([archive])] == [str(archive / "good.jpg")]


@pytest.mark.parametrize(("content", "error"), [(b"PK\3\4 damaged", SourceError), (None, ConfigError)])
def test_an_archive_without_photos_or_damaged_is_an_error(
    tmp_path: Path, content: bytes | None, error: type[Exception]
) -> None:
    archive = write_zip(tmp_path / "x.zip", "notes.txt")
    if content:
        archive.write_bytes(content)
    with pytest.raises(error, match=r"x\.zip"):
        list(find_photos([archive]))
