"""COCO's instances files from its server: one member of an archive, without the rest of it."""

import io
import shutil
from os import PathLike
from pathlib import Path
from typing import IO
from zipfile import ZipFile, ZipInfo

from bakeoff.core.atomic import lock, storage_errors
from bakeoff.core.durable import move
from bakeoff.core.errors import AnnotationsError, SourceError, unknown_name
from bakeoff.core.progress import Monitor, Progress, automatic
from bakeoff.core.untrusted import ALWAYS_ALLOWED, GROWTH, ZIP_DAMAGE, is_encrypted
from bakeoff.data.http import Client, Fault, Options
from bakeoff.data.http.byte_ranges import RemoteFile, open_remote

COCO = "http://images.cocodataset.org/annotations/"
MEGABYTE = 10**6


def fetch_annotations(
    year: int,
    split: str,
    folder: str | PathLike[str] = "",
    *,
    base_url: str = COCO,
    options: Options | None = None,
    monitor: Monitor = automatic,
) -> Path:
    """Downloads an instances file of COCO, out of the archive in which it is published.

    Only the file's own part of the archive is read, from a server that sends byte ranges. What stops a download loses
    next to nothing: the next one goes on from there.

    Args:
        year: 2014 or 2017.
        split: "train" or "val".
        folder: Where the file goes.
        base_url: The folder on a server that holds `annotations_trainval<year>.zip`.
        options: How the server is asked.
        monitor: Shows the progress.

    Returns:
        The file's path; one that is there already is kept.

    Raises:
        SourceError: The server can't be reached, or does not send an archive with such a file, undamaged.
        StorageError: There is no room or no right to write.
    """
    folder = Path(folder)
    target = folder / f"instances_{split}{year}.json"
    url = f"{base_url.rstrip('/')}/annotations_trainval{year}.zip"
    with storage_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        with lock(target), Client(options or Options()) as client:
            if target.exists():
                return target
            try:
                _fetch(client, url, target, _in_megabytes(monitor("megabytes")))
            except Fault as fault:
                raise SourceError(f"{url}: {fault}. Check --year, --split and --base-url.") from None
    return target


def _fetch(client: Client, url: str, target: Path, progress: Progress) -> None:
    """Downloads the part of the archive that holds the file, unpacks it, and checks that it is an instances file."""
    partial, unpacked = (target.with_name(f".{target.name}.{kind}") for kind in ("partial", "unpacked"))
    try:
        with partial.open("a+b") as file:
            _unpack(open_remote(client, url), f"annotations/{target.name}", url, file, unpacked, progress)
        _check(unpacked, url)
        move(unpacked, target)
        partial.unlink()
    except (*ZIP_DAMAGE, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise SourceError(f"{url} came damaged ({error}); run the command again, which downloads it again.") from None
    finally:
        unpacked.unlink(missing_ok=True)


def _unpack(
    remote: RemoteFile | io.BytesIO, name: str, url: str, partial: IO[bytes], unpacked: Path, progress: Progress
) -> None:
    buffered = io.BufferedReader(remote) if isinstance(remote, RemoteFile) else remote
    with ZipFile(buffered) as archive:
        member = _member(archive, name, url)
        if isinstance(remote, RemoteFile):
            later = [other.header_offset for other in archive.infolist() if other.header_offset > member.header_offset]
            end = min([*later, archive.start_dir])
            remote.download(range(member.header_offset, end), partial, progress)
        with archive.open(member) as packed, unpacked.open("wb") as file:
            shutil.copyfileobj(packed, file, MEGABYTE)  # at its end its check sum is compared


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


def _in_megabytes(progress: Progress) -> Progress:
    def report(done: int, total: int) -> None:
        rounded = -(-total // MEGABYTE)
        progress(rounded if done == total else done // MEGABYTE, rounded)

    return report
