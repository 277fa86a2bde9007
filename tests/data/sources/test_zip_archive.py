"""Photos in a zip archive: which member is meant, archives and members that can't be used."""

import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import experiment

from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.untrusted import LARGEST_FILE
from bakeoff.data.source import open_source
from bakeoff.workflow import pipeline


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "photos.zip"


def fill(archive: Path, *names: str, raw: bytes = b"photo") -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, raw + name.encode())


def patch(archive: Path, local: int, central: int, value: bytes) -> None:
    """Changes a field of the only member's two headers."""
    with zipfile.ZipFile(archive) as made:
        start = made.start_dir
    raw = bytearray(archive.read_bytes())
    for place in (local, start + central):
        raw[place : place + len(value)] = value
    archive.write_bytes(raw)


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["a.jpg"], "a.jpg", "a.jpg"),
        (["train2017/a.jpg", "__MACOSX/train2017/._a.jpg"], "a.jpg", "train2017/a.jpg"),
        (["deep/a.jpg", "a.jpg"], "a.jpg", "a.jpg"),
        (["x/train/a.jpg", "x/val/a.jpg"], "val/a.jpg", "x/val/a.jpg"),
        (["../a.jpg", "/a.jpg", "x/a.jpg"], "a.jpg", "x/a.jpg"),
    ],
)
def test_a_photo_is_found_by_the_end_of_its_members_name(
    archive: Path, names: list[str], wanted: str, found: str
) -> None:
    fill(archive, *names)
    assert open_source(str(archive)).read(wanted) == b"photo" + found.encode()


def test_several_members_that_may_be_meant_are_named(archive: Path) -> None:
    fill(archive, "train/a.jpg", "val/a.jpg", "xa.jpg", "../b.jpg")
    source = open_source(str(archive))
    with pytest.raises(ImageError, match=r"several members .* may be meant: train/a.jpg, val/a.jpg"):
        source.read("a.jpg")
    with pytest.raises(ImageError, match="missing"):
        source.read("b.jpg")


def test_an_archive_that_can_not_be_used(archive: Path) -> None:
    fill(archive, "a.jpg", "b.jpg")
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as made:
        central = made.start_dir
    for damage in (raw[:central], raw[: central + 9], raw.replace(b"PK\x01\x02", b"PK\x09\x09"), b"PK\x03\x04packed"):
        archive.write_bytes(damage)
        with pytest.raises(SourceError, match=r"is a damaged zip archive .*; download or pack it again"):
            open_source(str(archive))
    fill(archive, "folder/", "../a.jpg")
    with pytest.raises(SourceError, match=r"holds no files; .* --images"):
        open_source(str(archive))


def test_an_encrypted_member_is_refused(archive: Path) -> None:
    fill(archive, "a.jpg")
    patch(archive, 6, 8, b"\x01")
    with pytest.raises(ImageError, match="encrypted; unpack the archive with its password"):
        open_source(str(archive)).read("a.jpg")


def test_a_member_that_claims_too_much_is_refused_before_it_is_unpacked(archive: Path) -> None:
    fill(archive, "a.jpg")
    patch(archive, 22, 24, (LARGEST_FILE + 1).to_bytes(4, "little"))
    with pytest.raises(ImageError, match="more than the 268,435,456 that a photo may have"):
        open_source(str(archive)).read("a.jpg")


@pytest.mark.slow
def test_a_bomb_that_hides_its_size_gives_no_more_than_it_claims(archive: Path) -> None:
    fill(archive, "a.jpg", raw=bytes(50_000_000))
    patch(archive, 22, 24, (1000).to_bytes(4, "little"))
    with pytest.raises(ImageError, match="damaged in the archive: Bad CRC-32"):
        open_source(str(archive)).read("a.jpg")


@pytest.mark.parametrize(
    ("local", "central", "value"), [(14, 16, b"\x00\x00\x00\x00"), (8, 10, b"\x63\x00"), (22, 24, b"\xff\x00\x00\x00")]
)
def test_a_damaged_member_is_refused(archive: Path, local: int, central: int, value: bytes) -> None:
    fill(archive, "a.jpg")
    patch(archive, local, central, value)
    with pytest.raises(ImageError, match="damaged in the archive"):
        open_source(str(archive)).read("a.jpg")


def test_a_member_without_a_name_does_no_harm(archive: Path) -> None:
    fill(archive, "?", "a.jpg")
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace(b"?", b"\0"))  # what follows a NUL is no part of a name
    assert open_source(str(archive)).read("a.jpg") == b"photoa.jpg"


@pytest.mark.slow
@given(data=st.data())
def test_whatever_is_changed_in_an_archive_gives_the_photo_or_one_of_two_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    archive = tmp_path_factory.mktemp("zip") / "photos.zip"
    fill(archive, "a.jpg", raw=b"photo" * 20)
    raw = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(2, len(raw) - 1))] = data.draw(st.integers(0, 255))
    archive.write_bytes(raw[: data.draw(st.integers(2, len(raw)))])
    with suppress(SourceError, ImageError):
        assert open_source(str(archive)).read("a.jpg") == b"photo" * 20 + b"a.jpg"


def test_a_data_set_is_the_same_from_a_folder_and_an_archive(sample: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as made:
        for photo in (sample / "images").rglob("*.jpg"):
            made.write(photo, f"images/{photo.relative_to(sample / 'images').as_posix()}")
    more = ("data.train_per_class=16", "data.workers=2")  # enough for worker processes
    packed = experiment(sample, *more, f"data.images={tmp_path / 'photos.zip'}")
    found = [pipeline.build(own, tmp_path / name) for own, name in ((experiment(sample, *more), "a"), (packed, "b"))]
    assert found[0].info.digest == found[1].info.digest
    assert found[1].info.photos == str(tmp_path / "photos.zip")
