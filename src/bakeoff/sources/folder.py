"""Photos in a folder."""

import stat
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from bakeoff.errors import ImageError

LARGEST_FILE = 256 * 2**20
"""Bytes; no photo of a detection data set comes near, and a larger file would only fill the memory."""


@dataclass(frozen=True)
class FolderSource:
    """Photos in a folder, by file names that are not trusted.

    Attributes:
        root: The folder; nothing outside of it is read.
    """

    root: Path

    def read(self, file_name: str) -> bytes:
        """The bytes of one photo.

        Raises:
            ImageError: The name leaves the folder, or there is no such photo, or it can't be read.
        """
        path = self._locate(file_name)
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                raise ImageError("not a file")
            if state.st_size > LARGEST_FILE:
                raise ImageError(f"{state.st_size:,} bytes, more than the {LARGEST_FILE:,} that a photo may have")
            raw = path.read_bytes()
        except FileNotFoundError:
            raise ImageError("missing") from None
        except OSError as error:
            raise ImageError(f"can't be read: {error.strerror}") from None
        if not raw:
            raise ImageError("an empty file")
        return raw

    def describe(self) -> str:
        """The folder's path."""
        return str(self.root)

    def _locate(self, file_name: str) -> Path:
        """The photo's path, if it is inside of the folder by name and after following links."""
        name = PureWindowsPath(file_name)  # knows both separators, and drives
        if not file_name or "\0" in file_name or name.drive or name.root or ".." in name.parts:
            raise ImageError("its file name leaves the folder of photos")
        path = self.root / file_name
        try:
            inside = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long
            raise ImageError(f"its file name can't be used: {type(error).__name__}") from None
        if not inside:
            raise ImageError("it is a link that leaves the folder of photos")
        return path
