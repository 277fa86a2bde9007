"""Records as JSON files, digests, and the marker of the folders that bakeoff owns."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bakeoff.core.atomic import storage_errors, write_bytes
from bakeoff.core.errors import StorageError
from bakeoff.core.untrusted import check_path

MARKER = "bakeoff.json"
"""The ownership marker; a folder that holds other things and no marker is never written to."""

SEALED, NO_SEAL = b'{\n "seal": "%s",', b"0" * 64

Record = TypeVar("Record", bound=msgspec.Struct)


def encode(record: object) -> bytes:
    """A record as JSON; mappings keep their order, which can carry meaning (layers, classes)."""
    return msgspec.json.encode(record)


class ListOf:
    """A long list as a part of `digest`, which gets some of its entries at a time.

    Args:
        blocks: Gives them in turn, each time that it is called.
    """

    def __init__(self, blocks: Callable[[], Iterable[list[Any]]]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        """What `digest` encodes of the whole list, in pieces."""
        yield b"["
        for number, block in enumerate(filter(None, self._blocks())):
            yield b"," * bool(number) + _sorted(block)[1:-1]
        yield b"]"


def digest(*parts: bytes | object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 over the parts; what is not bytes is encoded with sorted keys."""
    total = hashlib.sha256()
    for part in parts:
        pieces = part if isinstance(part, ListOf) else [part if isinstance(part, bytes) else _sorted(part)]
        total.update(sum(map(len, pieces)).to_bytes(8, "little"))
        for piece in pieces:
            total.update(piece)
    return total.hexdigest()[:16]


def _sorted(part: object) -> bytes:
    return msgspec.json.encode(part, order="deterministic")


def file_digest(path: Path) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder; no error where it can't be accessed, as `Path.is_dir` raises one."""
    return os.path.isdir(path)  # noqa: PTH112


def write_json(path: Path, record: object) -> None:
    """Writes a record as indented JSON, atomically; raises `StorageError` as `write_bytes` does."""
    write_bytes(path, msgspec.json.format(encode(record), indent=1) + b"\n")


def write_sealed(path: Path, record: object) -> None:
    """The same with a first key `seal`, the SHA-256 of the file's bytes with zeros in its place: for `read_json`."""
    raw = msgspec.json.format(encode(record), indent=1).replace(b"{", SEALED % NO_SEAL, 1) + b"\n"
    write_bytes(path, raw.replace(NO_SEAL, hashlib.sha256(raw).hexdigest().encode(), 1))


def check_sealed(path: Path) -> None:
    """Raises `StorageError` if a file that `write_sealed` wrote was altered or can't be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise StorageError(f"can't read {path}: {error.strerror or error}.") from None
    _check_own_seal(path, raw)


def _check_own_seal(path: Path, raw: bytes) -> None:
    found = re.match(rb'\{\s*"seal": "([^"]*)"', raw)
    if not found or hashlib.sha256(raw.replace(found[1], NO_SEAL, 1)).hexdigest().encode() != found[1]:
        raise StorageError(f"{path} was altered after it was written. Remove it and run again.")


def read_json(path: Path, kind: type[Record], whole: Path | None = None, *, sealed: bool = False) -> Record:
    """Reads a stored record.

    Args:
        path: The file.
        kind: Its type; where that has a field `schema`, the file's must equal its default.
        whole: What the file is part of, to be removed and made again where the file can't be used.
        sealed: Whether `write_sealed` wrote it, so that it must hold its seal.

    Raises:
        StorageError: The file is missing, damaged, of another schema, or sealed and altered.
    """
    try:
        raw = path.read_bytes()
        _check_schema(path, raw, kind, whole)
        if sealed:
            _check_own_seal(path, raw)
        return msgspec.json.decode(raw, type=kind)
    except FileNotFoundError:
        advice = f"Remove {whole} and run again" if whole else "Run the stage that writes it again"
        raise StorageError(f"{path} is missing. {advice}.") from None
    except OSError as error:
        raise StorageError(f"can't read {path}: {error.strerror or error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StorageError(
            f"{path} is damaged or was written by another version of bakeoff: {error}. Remove {whole or 'it'} and run "
            "again."
        ) from None


def _check_schema(path: Path, raw: bytes, kind: type[Record], whole: Path | None) -> None:
    """Checks the schema before the rest, which may be of another shape."""
    expected = next((field.default for field in msgspec.structs.fields(kind) if field.name == "schema"), None)
    if expected is None:
        return
    found = msgspec.json.decode(raw, type=_Versioned).schema
    if found not in (None, expected):
        advice = f"Remove {whole} and run again" if whole else "Make it again in a new folder"
        raise StorageError(
            f"{path} has schema {found}, this version of bakeoff reads schema {expected}. {advice}, or use the version "
            "that wrote it."
        )


def conflict(path: Path) -> StorageError:
    """The refusal to replace what was made with other settings."""
    return StorageError(f"{path} was made with other settings; choose another folder with --out, or give --overwrite.")


def check_owned(folder: Path, kind: str) -> None:
    """Refuses a folder that holds something else than ours; writes nothing.

    Args:
        folder: The folder; it need not exist.
        kind: What it will hold: "experiment", "hub", "report" or "sample".

    Raises:
        StorageError: It is a file, holds other things than ours, or can't be read, or its path is no UTF-8.
    """
    check_path(folder)
    if folder.is_file():
        raise StorageError(f"{folder} is a file; choose a folder with --out.")
    others: list[str] = []
    if folder.exists():
        with storage_errors(folder):
            others = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(f".{MARKER}."))
    marker = folder / MARKER
    if marker.exists():  # checked after the listing: another process may have just made both
        found = read_json(marker, OwnershipMarker).kind
        if found != kind:
            raise StorageError(f"{folder} holds a bakeoff {found}, not a {kind}; choose another folder with --out.")
    elif others:
        raise StorageError(
            f"{folder} holds something else ({', '.join(others[:3])}); choose an empty or new folder with --out."
        )


def mark_owned(folder: Path, kind: str) -> None:
    """Writes the ownership marker into a folder, made where it does not exist; raises what `check_owned` raises."""
    check_owned(folder, kind)
    if not (folder / MARKER).exists():
        write_json(folder / MARKER, OwnershipMarker(kind=kind))


class OwnershipMarker(msgspec.Struct, frozen=True):
    """What a folder of ours holds ("experiment", "hub", "report" or "sample"), and the version of its layout."""

    kind: str
    schema: int = 1


class _Versioned(msgspec.Struct, frozen=True):
    """What all records with a schema have in common."""

    schema: int | None = None
