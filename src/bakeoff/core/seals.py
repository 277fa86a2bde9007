"""Seals: the digests of a folder's files, so that a file that was altered after it was written is never used."""

import os
from collections.abc import Iterator, Mapping
from hashlib import file_digest
from pathlib import Path

import msgspec

from bakeoff.core.errors import StorageError
from bakeoff.core.storage import read_json, write_json
from bakeoff.core.untrusted import check_tree

SEAL = "sealed.json"
UNVERIFIED = "BAKEOFF_NO_VERIFY"
"""The environment variable that leaves out the checks, in worker processes, too; `bakeoff --no-verify` sets it."""


class Seal(msgspec.Struct, frozen=True):
    """`sealed.json`: by path within the folder the SHA-256 of each of its files.

    SHA-256 rather than a faster digest: processors have instructions for it, and Python brings it.
    """

    files: Mapping[str, str]
    schema: int = 1


def seal(folder: Path) -> None:
    """Writes the seal of a folder that is complete, as the last of its files."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    write_json(folder / SEAL, Seal({path.relative_to(folder).as_posix(): _digest(path) for path in paths}))


def check_seal(folder: Path, *names: str) -> None:
    """Checks files of a sealed folder; a folder without a seal, of an older version, is taken as it is.

    Args:
        folder: The folder.
        names: The files that are about to be read, by their paths within it.

    Raises:
        StorageError: One of them is not as it was written.
    """
    if (folder / SEAL).exists() and not os.environ.get(UNVERIFIED):
        known = read_json(folder / SEAL, Seal, folder).files
        for name in names:
            if _digest(folder / name) != known.get(name, ""):
                what = "was altered after it was written" if (folder / name).exists() else "is missing"
                raise StorageError(f"{folder / name} {what}. Remove {folder} and run again.")


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
    home, known = path.parent, read_json(path, Seal, path.parent).files
    found = {own.relative_to(home).as_posix() for own in home.rglob("*") if own.is_file()} - {SEAL}
    yield from (f"{home / name} is missing" for name in sorted(known.keys() - found))
    if added:
        yield from (f"{home / name} was added" for name in sorted(found - known.keys()))
    yield from (
        f"{home / name} was altered" for name in sorted(found & known.keys()) if _digest(home / name) != known[name]
    )


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
