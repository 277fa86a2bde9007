"""Images in a zip archive, read in place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.registry import sources
from bakeoff.core.untrusted import LARGEST_FILE, ZIP, ZIP_DAMAGE, check_length, check_name, is_encrypted, stays_inside
from bakeoff.data.source import Downloads


@dataclass(frozen=True)
class ZipSource:
    """Images in a zip archive, by file names that are not trusted; nothing is unpacked on disk.

    An image need not be at the archive's top level: `000000000009.jpg` finds `train2017/000000000009.jpg`, as long as
    only one member ends like that.

    Attributes:
        path: The archive; each process opens it when it reads its first image.
    """

    path: Path

    def prepare(self, urls: Mapping[str, str | None]) -> "ZipSource":
        return self

    def read(self, file_name: str) -> bytes:
        member = self._find(file_name)
        if is_encrypted(member):
            raise ImageError("encrypted; unpack the archive with its password, and give the folder")
        check_length(member.file_size)
        try:
            with self._archive.open(member) as file:
                raw = file.read(LARGEST_FILE + 1)  # never more than the member claims; its check sum is compared
        except (*ZIP_DAMAGE, OSError, RuntimeError, ValueError) as error:
            raise ImageError(f"damaged in the archive: {error}") from None
        if len(raw) != member.file_size:
            raise ImageError(f"damaged in the archive: {len(raw):,} of {member.file_size:,} bytes")
        return raw

    def describe(self) -> str:
        return str(self.path)

    def _find(self, file_name: str) -> ZipInfo:
        check_name(file_name)
        parts = tuple(file_name.split("/"))
        found = [parent for parent in self.members.get(parts[-1], ()) if _ends_with(parent, parts)]
        exact = [member for member in found if member.filename == file_name]
        if not found:
            raise ImageError("missing")
        if len(found) > 1 and len(exact) != 1:
            names = ", ".join(sorted(member.filename for member in found)[:3])
            raise ImageError(f"several members of the archive may be meant: {names}")
        return (exact or found)[0]

    @cached_property
    def _archive(self) -> ZipFile:
        try:
            return ZipFile(self.path)
        except (*ZIP_DAMAGE, ValueError) as error:
            raise SourceError(f"{self.path} is a damaged zip archive ({error}); download or pack it again.") from None
        except OSError as error:
            raise SourceError(f"{self.path} can't be read: {error.strerror or error}. Give --images PATH.") from None

    @cached_property
    def members(self) -> Mapping[str, list[ZipInfo]]:
        """The files whose names stay inside of a folder, by the last part of their names."""
        members: dict[str, list[ZipInfo]] = {}
        for member in self._archive.infolist():
            if stays_inside(member.filename) and not member.is_dir():  # which takes a name to have a last letter
                members.setdefault(member.filename.rpartition("/")[2], []).append(member)
        return members

    def __reduce__(self) -> tuple[type["ZipSource"], tuple[Path]]:
        """Another process gets the path, not the open archive."""
        return ZipSource, (self.path,)


def _ends_with(member: ZipInfo, parts: tuple[str, ...]) -> bool:
    return tuple(member.filename.split("/"))[-len(parts) :] == parts


@sources.register("zip")
def open_zip(images: str, _downloads: Downloads | None) -> ZipSource | None:
    """The source of a zip archive; raises `SourceError` at one that is damaged, or holds no file."""
    path = Path(images)
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            if file.read(len(ZIP)) != ZIP:
                return None
    except (OSError, ValueError):  # what is wrong with the path is said where a folder is opened
        return None
    archive = ZipSource(path)
    if not archive.members:
        raise SourceError(f"{path} holds no files; give the photos' archive or folder with --images.")
    return archive
