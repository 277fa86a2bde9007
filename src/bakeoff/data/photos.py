"""The places that photos come from, behind one contract: `records.Source`."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bakeoff.config.schema import URL, is_remote
from bakeoff.core.errors import SourceError
from bakeoff.core.untrusted import ZIP
from bakeoff.data.http import Fault, Options
from bakeoff.data.http.ssrf import check_url
from bakeoff.data.source import Source
from bakeoff.data.sources.folder import FolderSource
from bakeoff.data.sources.http import UrlSource
from bakeoff.data.sources.zip_archive import ZipSource

__all__ = ["Downloads", "open_source"]


@dataclass(frozen=True)
class Downloads:
    """How photos are downloaded.

    Attributes:
        cache: Keeps them.
        verify: Decodes a photo; raises `ImageError` where it can't.
        options: How servers are asked.
        monitor: Gives what is told how many photos are there.
    """

    cache: Path
    verify: Callable[[bytes], object]
    options: Options
    monitor: Callable[[], Callable[[int, int], None]] = lambda: lambda _done, _total: None


def open_source(images: str, downloads: Downloads | None = None) -> Source:
    """The source that `data.images` names.

    Args:
        images: Path of a folder or of a zip archive; "url"; or the URL of a folder on a web server.
        downloads: How photos are downloaded, where they may be.

    Raises:
        SourceError: There is no such folder or archive, or it is empty, or it can't be read, or the URL is refused.
    """
    if not images:
        raise SourceError("no photos are given; give --images FOLDER or data.images in the experiment file.")
    if downloads and is_remote(images):
        return _open_url("" if images == URL else images, downloads)
    if _is_archive(Path(images)):
        archive = ZipSource(Path(images))
        archive.check()
        return archive
    return _open_folder(Path(images))


def _open_url(base: str, downloads: Downloads) -> UrlSource:
    if base:
        try:
            check_url(base, allow_private=downloads.options.allow_private)
        except Fault as fault:
            raise SourceError(f"--images {base.rpartition('@')[2]}: {fault}.") from None
        base = base.rstrip("/") + "/"
    return UrlSource(base, downloads.cache, downloads.verify, downloads.options, downloads.monitor)


def _open_folder(folder: Path) -> FolderSource:
    try:
        empty = not any(folder.iterdir())
    except FileNotFoundError:
        near = difflib.get_close_matches(folder.name, _folders_beside(folder), n=3)
        hint = f" There is {', '.join(near)} in {folder.parent}." if near else ""
        raise SourceError(f"image folder {folder} does not exist.{hint} Give --images FOLDER.") from None
    except NotADirectoryError:
        raise SourceError(
            f"{folder} is not a folder, nor a zip archive; give the folder that holds the photos with --images."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: the path holds a null character
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"image folder {folder} can't be read: {reason}. Give --images FOLDER.") from None
    if empty:
        raise SourceError(f"image folder {folder} is empty; give the folder that holds the photos with --images.")
    return FolderSource(folder)


def _is_archive(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except (OSError, ValueError):  # what is wrong with the path is told where a folder is opened
        return False


def _folders_beside(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.parent.iterdir() if entry.is_dir()]
    except OSError:
        return []
