"""COCO's instances files from its server: one member of an archive, without the rest of it."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO
from zipfile import ZipFile, ZipInfo

from bakeoff.core.atomic import lock, storage_errors
from bakeoff.core.errors import AnnotationsError, SourceError, unknown_name
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.untrusted import ALWAYS_ALLOWED, GROWTH, ZIP_DAMAGE, is_encrypted
from bakeoff.data.http import Client, Fault, Options
from bakeoff.data.http.byte_ranges import RemoteFile, download, length_of

COCO = "http://images.cocodataset.org/annotations/"
MEGABYTE = 10**6


def fetch_annotations(
    year: int,
    split: str,
    folder: Path = Path(),
    *,
    base_url: str = COCO,
    options: Options | None = None,
    monitor: Monitor = silent,
) -> Path:
    """Downloads an instances file of COCO, out of the archive in which it is published.

    Only the file's own part of the archive is read where the server sends parts of files. What stops a download loses
    nothing: the next one goes on from there.

    Args:
        year: 2014 or 2017.
        split: "train" or "val".
        folder: Where the file goes.
        base_url: The folder on a server that holds `annotations_trainval<year>.zip`.
        options: How the server is asked.
        monitor: Shown how far it is.

    Returns:
        The file's path; one that is there already is kept.

    Raises:
        SourceError: The server can't be reached, or does not send an archive with such a file, undamaged.
        StorageError: There is no room or no right to write.
    """
    target = folder / f"instances_{split}{year}.json"
    url = f"{base_url.rstrip('/')}/annotations_trainval{year}.zip"
    with storage_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder), Client(options or Options()) as client:
            if target.exists():
                return target
            try:
                _fetch(client, url, f"annotations/{target.name}", target, _in_megabytes(monitor("megabytes")))
            except Fault as fault:
                raise SourceError(f"{url}: {fault}. Check --year, --split and --base-url.") from None
    return target


def _fetch(client: Client, url: str, name: str, target: Path, progress: Callable[[int, int], None]) -> None:
    """Downloads the part of an archive that holds a member, unpacks it, and looks whether it is an instances file."""
    partial_, unpacked = (target.with_name(f".{target.name}.{kind}") for kind in ("partial", "unpacked"))
    try:
        with _open_archive(client, url, partial_, progress) as (archive, obtain):
            member = _member(archive, name, url)
            obtain(member)
            with archive.open(member) as packed, unpacked.open("wb") as file:
                shutil.copyfileobj(packed, file, MEGABYTE)  # at its end its check sum is compared
        _check(unpacked, url)
        unpacked.replace(target)
        partial_.unlink()
    except (*ZIP_DAMAGE, ValueError) as error:
        partial_.unlink(missing_ok=True)
        raise SourceError(f"{url} came damaged ({error}); run the command again, which downloads it anew.") from None
    finally:
        unpacked.unlink(missing_ok=True)


@contextmanager
def _open_archive(
    client: Client, url: str, partial_: Path, progress: Callable[[int, int], None]
) -> Iterator[tuple[ZipFile, Callable[[ZipInfo], None]]]:
    """The archive, and what downloads the bytes of a member; both keep what they download in the same file."""
    length = length_of(client, url)
    with ExitStack() as opened:
        if length is None:
            file: IO[bytes] = opened.enter_context(partial_.open("w+b"))
            download(client, url, file, None, progress)
            yield opened.enter_context(ZipFile(file)), lambda _member: None
            return
        remote = RemoteFile(client, url, length)
        archive = opened.enter_context(ZipFile(opened.enter_context(io.BufferedReader(remote, 2**16))))
        file = opened.enter_context(partial_.open("a+b"))
        yield archive, partial(_obtain, client, url, archive, remote, file, progress)


def _obtain(
    client: Client,
    url: str,
    archive: ZipFile,
    remote: RemoteFile,
    file: IO[bytes],
    progress: Callable[[int, int], None],
    member: ZipInfo,
) -> None:
    later = [other.header_offset for other in archive.infolist() if other.header_offset > member.header_offset]
    stretch = range(member.header_offset, min([*later, archive.start_dir]))
    download(client, url, file, stretch, progress)
    remote.use(stretch, file)


def _member(archive: ZipFile, name: str, url: str) -> ZipInfo:
    names = sorted(entry for entry in archive.namelist() if entry.endswith(".json"))
    if name not in names:
        raise SourceError(f"{url}: {unknown_name('member', name, names)}")
    member = archive.getinfo(name)
    if is_encrypted(member):
        raise SourceError(f"{url}: {name} is encrypted.")
    if member.file_size > max(ALWAYS_ALLOWED, GROWTH * member.compress_size):
        raise SourceError(f"{url}: {name} unpacks to {member.file_size:,} bytes; no instances file does.")
    return member


def _check(unpacked: Path, url: str) -> None:
    from bakeoff.data import coco

    try:
        coco.read_index(unpacked)
    except AnnotationsError as error:
        raise SourceError(f"what {url} holds is no instances file: {error}") from None


def _in_megabytes(progress: Callable[[int, int], None]) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        all_ = -(-total // MEGABYTE)
        progress(all_ if done == total else done // MEGABYTE, all_)

    return tell
