"""Reading an instances file, with a cache of its columns."""

import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.config.data import BoxFormat
from bakeoff.core.atomic import atomic_folder
from bakeoff.core.errors import AnnotationsError, StorageError
from bakeoff.core.storage import digest, file_digest, read_json, write_json
from bakeoff.core.untrusted import check_path
from bakeoff.data.coco.archive import split
from bakeoff.data.coco.background import add_background
from bakeoff.data.coco.columns import AnnotationColumns, order
from bakeoff.data.coco.document import read_document
from bakeoff.data.coco.entries import Document
from bakeoff.data.coco.indexing import Reading, build_index, merge_files
from bakeoff.data.coco.io import open_text
from bakeoff.data.coco.mending import Mender
from bakeoff.data.coco.photo_sizes import with_sizes
from bakeoff.data.coco.schema_errors import Unusable
from bakeoff.data.index import Index, IndexInfo
from bakeoff.data.photos import Photos

TABLES, NOTES = ("images", "annotations", "categories", "unsure"), "info.json"


class CacheKey(msgspec.Struct, frozen=True):
    """What a cached index was read from, and what it holds; where anything differs, it is not used.

    Attributes:
        size: The file's size in bytes.
        mtime_ns: When the file was last changed, in nanoseconds since 1970.
        content: Digest of the cached files, because polars panics at some damaged tables and misreads others.
        box_format: As `data.box_format`.
        group_field: As of `build_index`.
        schema: The version of the cached tables.
    """

    size: int
    mtime_ns: int
    content: str = ""
    box_format: str = "auto"
    group_field: str = ""
    schema: int = 3


class Notes(msgspec.Struct, frozen=True):
    """What a `Reading` holds beside its tables."""

    info: IndexInfo
    fractions: bool
    blank: tuple[int, ...]


def read_index(
    path: Path,
    cache: Path | None = None,
    *,
    box_format: BoxFormat = "auto",
    none: str = "",
    group_field: str = "",
    photos: Photos | None = None,
) -> Index:
    """Reads a COCO instances file.

    Args:
        path: The file.
        cache: A folder that keeps the columns of files that were read; a file that changed is read again, and a cache
            that is damaged or can't be written is not used.
        box_format: As `data.box_format`.
        none: As `data.none`.
        group_field: As of `build_index`.
        photos: Say which files are meant by names that are written otherwise, and how large a photo is where the file
            does not.

    Returns:
        The index; the order of entries in the file does not matter.

    Raises:
        AnnotationsError: The file can't be read or is not an instances file.
        ConfigError: The file has a category of the name that `none` is to have.
        SourceError: No photo can be had to see its size, such as from a server that does not answer.
        StorageError: The path is no UTF-8.
    """
    check_path(path)
    reading = _cached(path, cache, box_format, group_field)
    if photos:
        reading = _resolved(reading, photos)
    index = with_sizes(reading, box_format, photos.measure if photos else None)
    return add_background(index, reading.blank, none) if none else index


def _cached(path: Path, cache: Path | None, box_format: BoxFormat, group_field: str) -> Reading:
    state = _state(path)
    if cache is None or state is None:
        return _read(path, box_format, group_field)
    key = CacheKey(state.st_size, state.st_mtime_ns, box_format=box_format, group_field=group_field)
    folder = cache / f"index-{digest(str(path.resolve()).encode())}"
    if (cached := _from_cache(folder, key, str(path))) is not None:
        return cached
    reading = _read(path, box_format, group_field)
    try:
        _to_cache(folder, key, reading)
    except StorageError:
        shutil.rmtree(folder, ignore_errors=True)  # a cache is a convenience: without room for it the work goes on
    return reading


def _resolved(reading: Reading, photos: Photos) -> Reading:
    """With the names of the files that are meant; images that mean the same one are merged."""
    index, unsure = reading.index, reading.unsure
    named = photos.resolve(index)
    images, annotations, problems = merge_files(named.images, index.annotations, pl.col("file_name"))
    if problems:
        unsure = merge_files(named.images, unsure, pl.col("file_name"))[1]
        info = msgspec.structs.replace(named.info, problems=(*named.info.problems, *problems))
        named = replace(named, info=info, images=images, annotations=annotations)
        blank = {*reading.blank} & {*images["image_id"]} - {*annotations["image_id"]} - {*unsure["image_id"]}
        return Reading(named, unsure, reading.fractions, tuple(sorted(blank)))
    return Reading(named, unsure, reading.fractions, reading.blank)


def _state(path: Path) -> os.stat_result | None:
    """A regular file's size and times; None for anything else, which `_read` then refuses with a reason."""
    try:
        state = split(path)[0].stat()
    except (OSError, ValueError):
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def _read(path: Path, box_format: BoxFormat, group_field: str) -> Reading:
    mender = Mender(group_field)
    document, annotations, content = _decode(path, mender)
    annotations = order(mender.number_texts(document, annotations))
    return build_index(
        document,
        annotations,
        str(path),
        content,
        box_format=box_format,
        group_field=group_field,
        problems=mender.problems,
    )


def _decode(path: Path, mender: Mender) -> tuple[Document, pl.DataFrame, str]:
    columns = AnnotationColumns()
    with open_text(path) as text:
        try:
            document = read_document(text.pieces, columns.add, mender)
            annotations = columns.table()
            mender.check(document, annotations.height)
        except Unusable as problem:
            raise AnnotationsError(f"{path}: {problem}.") from None
    return document, annotations, text.digest


def _from_cache(folder: Path, key: CacheKey, source: str) -> Reading | None:
    try:
        if read_json(folder / "key.json", CacheKey) != msgspec.structs.replace(key, content=_content(folder)):
            return None
        notes = read_json(folder / NOTES, Notes)
        images, annotations, categories, unsure = (pl.read_parquet(folder / f"{table}.parquet") for table in TABLES)
        info = msgspec.structs.replace(notes.info, source=source)
        return Reading(Index(info, images, annotations, categories), unsure, notes.fractions, notes.blank)
    except (StorageError, OSError, msgspec.MsgspecError):
        return None


def _to_cache(folder: Path, key: CacheKey, reading: Reading) -> None:
    index = reading.index
    tables = (index.images, index.annotations, index.categories, reading.unsure)
    with atomic_folder(folder) as partial:
        for name, table in zip(TABLES, tables, strict=True):
            table.write_parquet(partial / f"{name}.parquet")
        write_json(partial / NOTES, Notes(index.info, reading.fractions, reading.blank))
        write_json(partial / "key.json", msgspec.structs.replace(key, content=_content(partial)))


def _content(folder: Path) -> str:
    return digest([file_digest(folder / name) for name in (NOTES, *(f"{table}.parquet" for table in TABLES))])
