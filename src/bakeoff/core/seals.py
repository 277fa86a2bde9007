"""Seals: the digests of a folder's files, so that a file that was altered after it was written is never used."""

import os
import re
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

import msgspec

from bakeoff.core.atomic import storage_errors
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import encode, read_json
from bakeoff.core.untrusted import check_tree, inside

SEAL = "sealed.json"
UNVERIFIED = "BAKEOFF_NO_VERIFY"
"""The environment variable that leaves out the checks, in worker processes, too; `bakeoff --no-verify` sets it."""


ENTRY = re.compile(rb'[\s,{]*("(?:[^"\\]|\\.)*")\s*:\s*"([0-9a-f]*)"')
"""A file and its digest, as they stand in a seal."""
NO_MORE = re.compile(rb"[\s{}]*")


class Seal(msgspec.Struct, frozen=True):
    """`sealed.json`: by path within the folder the SHA-256 of each of its files, read one after the other.

    SHA-256 rather than BLAKE3, which is twice as fast (docs/performance.md): Python brings it, and a thousandth of a
    run's time is spent on it.
    """

    files: msgspec.Raw
    schema: int = 1


def seal(folder: Path) -> None:
    """Writes the seal of a folder that is complete, as the last of its files."""
    with storage_errors(folder / SEAL), (folder / SEAL).open("wb") as file:
        file.write(b'{\n "files": {')
        for number, path in enumerate(path for path in _files(folder) if path != folder / SEAL):
            name = encode(path.relative_to(folder).as_posix())
            file.write(b"," * bool(number) + b"\n  %b: %b" % (name, encode(_digest(path))))
        file.write(b'\n },\n "schema": 1\n}\n')


def check_seal(folder: Path, *names: str) -> None:
    """Checks files of a sealed folder; a folder without a seal, of an older version, is taken as it is.

    Args:
        folder: The folder.
        names: The files that are about to be read, by their paths within it.

    Raises:
        StorageError: One of them is not as it was written.
    """
    for name, sealed in sealed_digests(folder, *names).items():
        check_digest(folder / name, sealed, folder)


def sealed_digests(folder: Path, *names: str) -> dict[str, str]:
    """What `check_digest` compares files of a folder with; nothing of a folder without a seal.

    Raises:
        StorageError: The seal can't be read.
    """
    if not (folder / SEAL).exists() or os.environ.get(UNVERIFIED):
        return {}
    return dict.fromkeys(names, "") | {name: sealed for name, sealed in _entries(folder) if name in names}


def _entries(home: Path) -> Iterator[tuple[str, str]]:
    """The files of a folder's seal and their digests; of a million files no table is made in memory."""
    path, at = home / SEAL, 0
    files = read_json(path, Seal, home).files
    try:
        while found := ENTRY.match(files, at):
            yield msgspec.json.decode(found[1], type=str), found[2].decode()
            at = found.end()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"{path} is damaged: {error}. Remove {home} and run again.") from None
    if not NO_MORE.fullmatch(files, at):
        raise StorageError(f"{path} is damaged: byte {at} of its files is no digest. Remove {home} and run again.")


def check_digest(path: Path, sealed: str, folder: Path) -> None:
    """Raises `StorageError` if a file of a sealed folder is not as it was written."""
    if _digest(path) != sealed:
        what = "was altered after it was written" if path.exists() else "is missing"
        raise StorageError(f"{path} {what}. Remove {folder} and run again.")


def fault(folder: Path) -> str:
    """What is wrong in a sealed folder, so that it has to be made anew; empty where nothing is.

    Files that were added do no harm; a folder without a seal, of an older version, is taken as it is.
    """
    if not (folder / SEAL).exists() or os.environ.get(UNVERIFIED):
        return ""
    try:
        return next(_faults(folder / SEAL), "")
    except StorageError as error:
        return str(error).partition(". ")[0]


def broken_seals(folder: Path) -> Iterator[str]:
    """What is wrong in all sealed folders within a folder, a line each; files that were added are named, too.

    Raises:
        StorageError: A seal can't be read, or a link leads out of the folder.
    """
    check_tree(folder)
    for path in sorted(folder.rglob(SEAL)):
        yield from _faults(path, added=True)


def _faults(path: Path, *, added: bool = False) -> Iterator[str]:
    home = path.parent
    for name, sealed in _entries(home):
        if (found := _digest(inside(home, name))) != sealed:
            yield f"{home / name} {'was altered' if found else 'is missing'}"
    if added:
        names = {name for name, _ in _entries(home)} | {SEAL}
        yield from (f"{own} was added" for own in _files(home) if own.relative_to(home).as_posix() not in names)


def _files(folder: Path) -> Iterator[Path]:
    """All files in a folder and its folders, ascending; of so many, one folder's names are in memory at a time."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def _digest(path: Path) -> str:
    """The SHA-256 of a file; empty where it is none, such as a folder in its place."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(f"can't read {path}: {error.strerror or error}.") from None


def seal_digest(folder: Path) -> str:
    """The SHA-256 of a folder's seal, which stands for all of its files; empty where it has none."""
    return _digest(folder / SEAL) if (folder / SEAL).exists() else ""
