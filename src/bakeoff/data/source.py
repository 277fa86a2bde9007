"""Where the bytes of images come from: a contract, and the plug-in that `data.images` names."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bakeoff.core.errors import SourceError
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.registry import sources
from bakeoff.data.http import Options

OWN = ("http", "zip", "folder")
"""Asked first: no plug-in of another package can break or shadow them."""


class Source(Protocol):
    """Reads the bytes of images; sent to worker processes, so it must pickle."""

    def prepare(self, urls: Mapping[str, str | None]) -> "Source":
        """Makes images ready to be read, where that takes long: downloads them.

        Args:
            urls: File names of images with the URLs that the instances file has for them.

        Returns:
            The source to read them from, in this process or another; its `read` raises the reason for each image that
            could not be made ready.

        Raises:
            SourceError: None can be had, such as from a server that does not answer.
        """
        ...

    def read(self, file_name: str) -> bytes:
        """The bytes of one image.

        Args:
            file_name: As the instances file has it; never trusted.

        Raises:
            ImageError: There is no such image, or it can't be read.
        """
        ...

    def describe(self) -> str:
        """Where it reads, for messages."""
        ...


@dataclass(frozen=True)
class Downloads:
    """How images are downloaded.

    Attributes:
        cache: The folder that keeps them.
        verify: Decodes an image; raises `ImageError` where it can't.
        options: How servers are asked.
        monitor: Shows how many images are there.
    """

    cache: Path
    verify: Callable[[bytes], object]
    options: Options
    monitor: Monitor = silent


def open_source(images: str, downloads: Downloads | None = None) -> Source:
    """Asks the registered sources in turn which of them opens `data.images`.

    A source is registered as a function of the same two arguments; it returns None for what is not its own.

    Args:
        images: Path of a folder or of a zip archive; "url"; the URL of a folder on a web server; or what a plug-in
            opens.
        downloads: How images are downloaded, where they may be.

    Raises:
        SourceError: No source opens it, or what it names is empty, can't be read, or is refused.
    """
    if not images:
        raise SourceError("no photos are given; give --images FOLDER or data.images in the experiment file.")
    for name in sorted(sources.names(), key=lambda name: name not in OWN):
        opener: Callable[[str, Downloads | None], Source | None] = sources[name]
        if found := opener(images, downloads):
            return found
    raise SourceError(_unknown(images))


def _unknown(images: str) -> str:
    if "://" in images:
        return f"--images {images}: its URL is refused; the sources that there are: {', '.join(sources.names())}."
    path = Path(images)
    if path.is_file():
        return f"{images} is not a folder, nor a zip archive; give the folder that holds the photos with --images."
    near = difflib.get_close_matches(path.name, _folders_in(path.parent), n=3)
    hint = f" There is {', '.join(near)} in {path.parent}." if near else ""
    return f"image folder {images} does not exist.{hint} Give --images FOLDER."


def _folders_in(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if entry.is_dir()]
    except OSError:
        return []
