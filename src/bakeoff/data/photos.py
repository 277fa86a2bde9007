"""The photos of an instances file, seen before any is chosen: which files its names mean, and how large they are."""

import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import msgspec
import polars as pl
from PIL import ExifTags, Image

from bakeoff.core.errors import ImageError
from bakeoff.core.geometry import SIDEWAYS
from bakeoff.core.storage import digest
from bakeoff.core.untrusted import stays_inside
from bakeoff.data.file_names import Listing
from bakeoff.data.index import NO_FILE, Index, Problem, examples
from bakeoff.data.photo_formats import FORMATS
from bakeoff.data.source import Source
from bakeoff.data.sources.folder import FolderSource
from bakeoff.data.sources.zip_archive import ZipSource


@dataclass(frozen=True)
class Photos:
    """The photos of one instances file.

    Attributes:
        source: Reads them.
    """

    source: Source

    def resolve(self, index: Index) -> Index:
        """The index with the names of files that are there, where its names mean them; see `Listing.resolve`.

        Of a source that can't be listed, such as a web server, names stay as they are.
        """
        names = index.images["file_name"]
        if not (lost := self._lost(names)):
            return index
        listing = Listing(self._all())
        found = listing.resolve(lost, {*names} - {*lost})
        problems = []
        if found:
            name, file = next(iter(found.items()))
            message = (
                f"{len(found):,} file names are not quite those of the files, such as {name!r} for {file!r}: found"
            )
            problems.append(Problem("file-name", len(found), message))
        if missing := [name for name in lost if name not in found]:
            near = listing.nearest(missing[0])
            hint = f"; there is {near!r}" if near else ""
            message = f"{len(missing):,} images name no file in {self.source.describe()} ({examples(missing)}{hint})"
            problems.append(Problem(NO_FILE, len(missing), message))
        info = msgspec.structs.replace(
            index.info,
            problems=(*index.info.problems, *problems),
            digest=digest(index.info.digest.encode(), sorted(found.items())) if found else index.info.digest,
        )
        return replace(index, info=info, images=index.images.with_columns(pl.col("file_name").replace(found)))

    def measure(self, images: pl.DataFrame) -> dict[int, tuple[int, int]]:
        """By image id width and height of the upright photo, in pixels, of those that can be read."""
        rows = images.select("image_id", "file_name", "url").rows()
        source = self.source.prepare({file: url for _, file, url in rows})
        sizes = ((image, _size(source, file)) for image, file, _ in rows)
        return {image: size for image, size in sizes if size}

    def _lost(self, names: pl.Series) -> list[str]:
        """Those of the names that are of no file; none where that can't be told."""
        if isinstance(self.source, ZipSource):
            files = {member.filename for members in self.source.members.values() for member in members}
            return [name for name in names if name not in files]
        if not isinstance(self.source, FolderSource):
            return []
        folder = pl.col("name").str.extract("(?s)^(.*)/").fill_null("").alias("folder")
        table, lost = names.alias("name").to_frame().with_row_index("row"), list[tuple[int, str]]()
        for (of,), own in table.group_by(folder):  # the files of one folder at a time are in memory
            files = _files(self.source.root / str(of)) if not of or stays_inside(str(of)) else set()
            lost += [(row, name) for row, name in own.iter_rows() if not _is_in(files, name)]
        return [name for _, name in sorted(lost)]

    def _all(self) -> Iterator[str]:
        if isinstance(self.source, ZipSource):
            yield from (member.filename for members in self.source.members.values() for member in members)
        elif isinstance(self.source, FolderSource):
            root = self.source.root
            for folder, _, files in os.walk(root, followlinks=self.source.follow_links):
                yield from ((Path(folder) / file).relative_to(root).as_posix() for file in files)


def upright_size(file: Path | BinaryIO) -> tuple[int, int] | None:
    """Width and height of a photo as its header claims, exchanged where EXIF turns it; None where it can't be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(file, formats=FORMATS) as image:
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= SIDEWAYS
                return image.size[::-1] if turned else image.size
        except Exception:  # hostile files raise nearly every type; decoding gives the reason
            return None


def _size(source: Source, file: str) -> tuple[int, int] | None:
    try:
        if isinstance(source, FolderSource):
            return upright_size(source.locate(file))
        return upright_size(io.BytesIO(source.read(file)))
    except ImageError:
        return None


def _is_in(files: set[str], name: str) -> bool:
    """Whether a name is that of one of a folder's files."""
    return name.rpartition("/")[2] in files and stays_inside(name)


def _files(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder)}
    except OSError:
        return set()
