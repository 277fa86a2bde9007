"""The photos that a command names: files, folders of photos, and zip archives, which are read in place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from bakeoff.core.errors import ConfigError
from bakeoff.data.image_folder.tree import is_hidden
from bakeoff.data.photo_formats import SUFFIXES
from bakeoff.data.sources.folder import FolderSource
from bakeoff.data.sources.zip_archive import ZipSource, open_zip


@dataclass(frozen=True)
class NamedPhoto:
    """A photo.

    Attributes:
        name: Its path; of one in an archive the archive's and its own.
        read: Gives its bytes, or raises `ImageError`.
    """

    name: str
    read: Callable[[], bytes]


def find_photos(paths: Iterable[Path]) -> Iterator[NamedPhoto]:
    """All photos that paths name; those of a folder or an archive sorted, without what systems leave there.

    Raises:
        ConfigError: A path does not exist, or a folder or an archive holds no photo.
        SourceError: An archive is damaged.
    """
    for path in paths:
        if path.is_dir():
            names = (entry.relative_to(path) for entry in path.rglob("*"))
            yield from _within(path, FolderSource(path, follow_links=True), map(PurePath.as_posix, names))
        elif not path.exists():
            raise ConfigError(f"{path} does not exist; give photos, folders of photos, or zip archives of photos.")
        elif archive := open_zip(str(path), None):
            members = (member.filename for own in archive.members.values() for member in own)
            yield from _within(path, archive, members)
        else:
            yield NamedPhoto(str(path), partial(FolderSource(path.parent, follow_links=True).read, path.name))


def _within(path: Path, source: FolderSource | ZipSource, names: Iterable[str]) -> Iterator[NamedPhoto]:
    photos = sorted({name for name in names if _is_photo(PurePath(name))})
    if not photos:
        raise ConfigError(f"{path} holds no photo ({', '.join(SUFFIXES)}).")
    yield from (NamedPhoto(str(path / name), partial(source.read, name)) for name in photos)


def _is_photo(path: PurePath) -> bool:
    return path.suffix.lower() in SUFFIXES and not any(map(is_hidden, path.parts))
