"""Images in a folder."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.registry import sources
from bakeoff.core.untrusted import check_length, check_name
from bakeoff.data.source import Downloads


@dataclass(frozen=True)
class FolderSource:
    """Images in a folder, by file names that are not trusted.

    Attributes:
        root: The folder; nothing outside of it is read.
        follow_links: Whether links in it may lead out of it, as the user says.
    """

    root: Path
    follow_links: bool = False

    def prepare(self, urls: Mapping[str, str | None]) -> "FolderSource":
        return self

    def read(self, file_name: str) -> bytes:
        path = self.locate(file_name)
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                raise ImageError("not a file")
            check_length(state.st_size)
            raw = path.read_bytes()
        except FileNotFoundError:
            raise ImageError("missing") from None
        except OSError as error:
            raise ImageError(f"can't be read: {error.strerror}") from None
        check_length(len(raw))
        return raw

    def describe(self) -> str:
        return str(self.root)

    def locate(self, file_name: str) -> Path:
        """The image's path; raises `ImageError` where that leaves the folder, by name or after following links."""
        check_name(file_name)
        path = self.root / file_name
        try:
            inside = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long
            raise ImageError(f"its file name can't be used: {type(error).__name__}") from None
        if not inside and not self.follow_links:
            raise ImageError("it is a link that leaves the folder of photos")
        return path


@sources.register("folder")
def open_folder(images: str, _downloads: Downloads | None) -> FolderSource | None:
    """The source of a folder; raises `SourceError` at one that is empty or can't be read."""
    folder = Path(images)
    try:
        if next(folder.iterdir(), None):
            return FolderSource(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: the path holds a null character
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"image folder {folder} can't be read: {reason}. Give --images FOLDER.") from None
    raise SourceError(f"image folder {folder} is empty; give the folder that holds the photos with --images.")
