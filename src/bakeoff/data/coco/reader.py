"""Reading an instances file, with a cache of its columns."""

import os
import shutil
import stat
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.core.atomic import atomic_folder
from bakeoff.core.errors import AnnotationsError, StorageError
from bakeoff.core.storage import digest, read_json, write_json
from bakeoff.data.coco.archive import split
from bakeoff.data.coco.columns import AnnotationColumns
from bakeoff.data.coco.document import read_document
from bakeoff.data.coco.indexing import build_index
from bakeoff.data.coco.io import open_text
from bakeoff.data.coco.schema_errors import Unusable
from bakeoff.data.index import Index, IndexInfo

TABLES = ("images", "annotations", "categories")


class CacheKey(msgspec.Struct, frozen=True):
    """What a cached index was read from, and what it holds; where anything differs, it is not used.

    Attributes:
        size: The file's size in bytes.
        mtime_ns: When the file was last changed, in nanoseconds since 1970.
        content: Digest of the cached files, because polars panics at some damaged tables and misreads others.
        schema: The version of the cached tables.
    """

    size: int
    mtime_ns: int
    content: str = ""
    schema: int = 2


def read_index(path: Path, cache: Path | None = None) -> Index:
    """Reads a COCO instances file.

    Args:
        path: The file.
        cache: A folder that keeps the columns of files that were read; a file that changed is read again, and a cache
            that is damaged or can't be written is not used.

    Returns:
        The index; the order of entries in the file does not matter.

    Raises:
        AnnotationsError: The file can't be read or is not an instances file.
    """
    state = _state(path)
    if cache is None or state is None:
        return _read(path)
    key = CacheKey(state.st_size, state.st_mtime_ns)
    folder = cache / f"index-{digest(str(path.resolve()).encode())}"
    if (cached := _from_cache(folder, key, str(path))) is not None:
        return cached
    index = _read(path)
    try:
        _to_cache(folder, key, index)
    except StorageError:
        shutil.rmtree(folder, ignore_errors=True)  # a cache is a convenience: without room for it the work goes on
    return index


def _state(path: Path) -> os.stat_result | None:
    """A regular file's size and times; None for anything else, which `_read` then refuses with a reason."""
    try:
        state = split(path)[0].stat()
    except (OSError, ValueError):
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def _read(path: Path) -> Index:
    columns = AnnotationColumns()
    with open_text(path) as text:
        try:
            document = read_document(text.pieces, columns.add)
        except Unusable as problem:
            raise AnnotationsError(f"{path}: {problem}.") from None
    return build_index(document, columns.table(), str(path), text.digest)


def _from_cache(folder: Path, key: CacheKey, source: str) -> Index | None:
    try:
        contents = _contents(folder)
        if read_json(folder / "key.json", CacheKey) != msgspec.structs.replace(key, content=digest(*contents)):
            return None
        info, *tables = contents
        found = msgspec.structs.replace(msgspec.json.decode(info, type=IndexInfo), source=source)
        return Index(found, *(pl.read_parquet(table) for table in tables))
    except (StorageError, OSError, msgspec.MsgspecError):
        return None


def _to_cache(folder: Path, key: CacheKey, index: Index) -> None:
    with atomic_folder(folder) as partial:
        for table in TABLES:
            getattr(index, table).write_parquet(partial / f"{table}.parquet")
        write_json(partial / "info.json", index.info)
        write_json(partial / "key.json", msgspec.structs.replace(key, content=digest(*_contents(partial))))


def _contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("info.json", *(f"{table}.parquet" for table in TABLES))]
