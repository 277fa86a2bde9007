"""Reading an instances file, with a cache of its columns."""

import hashlib
import shutil
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.coco.document import decode, read_bytes
from bakeoff.coco.index import build_index
from bakeoff.errors import StorageError
from bakeoff.records import Index, IndexInfo
from bakeoff.storage import digest, new_folder, read_json, write_json

TABLES = ("images", "annotations", "categories")


class CacheKey(msgspec.Struct, frozen=True):
    """What a cached index was read from; another size, time or schema makes it stale.

    Attributes:
        size: The file's size in bytes.
        mtime_ns: When the file was last changed, in nanoseconds since 1970.
        schema: The version of the cached tables.
    """

    size: int
    mtime_ns: int
    schema: int = 1


def read_index(path: Path, cache: Path | None = None) -> Index:
    """Reads a COCO instances file.

    Args:
        path: The file.
        cache: A folder that keeps the columns of files that were read; a file that changed is read anew, and a cache
            that is damaged or can't be written is not used.

    Returns:
        The index; the order of entries in the file does not matter.

    Raises:
        AnnotationsError: The file can't be read or is not an instances file.
    """
    if cache is None or not path.is_file():
        return _read(path)
    state = path.stat()
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


def _read(path: Path) -> Index:
    raw = read_bytes(path)
    return build_index(decode(raw, path), str(path), hashlib.sha256(raw).hexdigest()[:16])


def _from_cache(folder: Path, key: CacheKey, source: str) -> Index | None:
    try:
        if read_json(folder / "key.json", CacheKey) != key:
            return None
        info = msgspec.structs.replace(read_json(folder / "info.json", IndexInfo), source=source)
        return Index(info, *(pl.read_parquet((folder / f"{table}.parquet").read_bytes()) for table in TABLES))
    except (StorageError, OSError, pl.exceptions.PolarsError):
        return None


def _to_cache(folder: Path, key: CacheKey, index: Index) -> None:
    with new_folder(folder) as partial:
        for table in TABLES:
            getattr(index, table).write_parquet(partial / f"{table}.parquet")
        write_json(partial / "info.json", index.info)
        write_json(partial / "key.json", key)
