"""Instances files that are packed: read as they are, refused where they are damaged, encrypted, or a bomb."""

import gzip
import io
import os
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.coco import read_index
from bakeoff.data.coco.io import open_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHECKED = {zstd.CompressionParameter.checksum_flag: 1}  # as the command zstd does
Stored = Callable[..., Path]


BOMB, BLOCK = b'{"annotations": [], "more": [', b" " * 2**20


def zipped(raw: bytes, method: int = zipfile.ZIP_DEFLATED, level: int | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method, compresslevel=level) as archive:
        archive.writestr("annotations/instances_val.json", raw)
    return file.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip in two members": lambda raw: gzip.compress(raw[:100]) + gzip.compress(raw[100:]),
    "zstd": lambda raw: zstd.compress(raw, options=CHECKED),
    "zstd in two frames": lambda raw: b"".join(zstd.compress(part, options=CHECKED) for part in (raw[:100], raw[100:])),
    "zip": zipped,
    "zip, stored": lambda raw: zipped(raw, zipfile.ZIP_STORED),
    "zip, LZMA": lambda raw: zipped(raw, zipfile.ZIP_LZMA),
}


def pack(path: Path, how: str) -> Path:
    packed = path.with_name("packed")
    packed.write_bytes(PACKERS[how](path.read_bytes()))
    return packed


@pytest.mark.parametrize("how", PACKERS)
def test_a_packed_file_gives_the_same_index(stored: Stored, tmp_path: Path, how: str) -> None:
    plain = read_index(stored())
    packed = pack(tmp_path / "instances.json", how)
    for _ in range(2):  # read, then from the cache
        index = read_index(packed, tmp_path / "cache")
        assert index.info.digest == plain.info.digest
        assert index.images.equals(plain.images)
        assert index.annotations.equals(plain.annotations)
        assert index.categories.equals(plain.categories)


@pytest.mark.parametrize("how", PACKERS)
def test_a_packed_file_that_is_cut_off_is_refused(stored: Stored, how: str) -> None:
    packed = pack(stored(), how)
    whole = packed.read_bytes()
    for length in range(8, len(whole), 11):
        packed.write_bytes(whole[:length])
        with pytest.raises(AnnotationsError, match=r"is packed and damaged|cut off"):
            read_index(packed)


@pytest.mark.parametrize("how", PACKERS)
def test_a_changed_byte_in_a_packed_file_is_found_or_does_no_harm(stored: Stored, how: str) -> None:
    plain = read_index(stored())
    packed = pack(Path(plain.info.source), how)
    whole = packed.read_bytes()
    refused = 0
    for place in range(0, len(whole), 5):
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = read_index(packed)
        except AnnotationsError:
            refused += 1
        else:
            assert found.info.digest == plain.info.digest, place
    assert refused


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: gzip.compress(BOMB) + gzip.compress(BLOCK) * 257,
        lambda: zstd.compress(BOMB) + zstd.compress(BLOCK) * 257,
        lambda: zipped(BOMB + BLOCK * 257, level=1),
    ],
    ids=["gzip", "zstd", "zip"],
)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, bomb: Callable[[], bytes]) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb())
    with pytest.raises(AnnotationsError, match=r"unpacks to more than 268,435,456 bytes, more than 100 times its own"):
        read_index(path)


def test_a_file_may_be_a_pipe(stored: Stored, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = gzip.compress(stored().read_bytes())
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert read_index(pipe, tmp_path / "cache").images.height == 2
    writer.join()


def test_nothing_stays_open_where_reading_ends_early(stored: Stored) -> None:
    with open_text(stored()) as text:
        assert next(text.pieces).startswith(b"{")
    with pytest.raises(StopIteration):
        next(text.pieces)
