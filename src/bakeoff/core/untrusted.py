"""What is refused of files and archives that come from outside, wherever they are read, and of texts, in tables."""

import lzma
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PureWindowsPath
from zipfile import BadZipFile, ZipInfo

from bakeoff.core.errors import ImageError, StorageError

LARGEST_FILE = 256 * 2**20
"""Bytes; no image of a detection data set comes near, and a larger file would only fill the memory."""

GROWTH, ALWAYS_ALLOWED = 100, 2**28
"""A member of an archive may unpack to so many times its bytes, and to so many bytes in any case."""

ZIP = b"PK"
"""What a zip archive begins with."""

ZIP_DAMAGE = (BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError, lzma.LZMAError, struct.error, zlib.error)
"""What `zipfile` raises at an archive that is damaged, or packed in a way that Python can't unpack."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a formula begins with to a spreadsheet."""


def no_formula(cell: object) -> object:
    """A cell that a spreadsheet shows as it is: text from outside could be a formula to it; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def is_encrypted(member: ZipInfo) -> bool:
    """Whether a member of an archive needs a password."""
    return bool(member.flag_bits & 0x1)


def stays_inside(file_name: str) -> bool:
    """Whether a file name, as any system may read it, stays in the folder that it is used in."""
    name = PureWindowsPath(file_name)  # knows both separators, and drives
    return bool(file_name) and not ("\0" in file_name or name.drive or name.root or ".." in name.parts)


def is_text(text: str) -> bool:
    """Whether a text can be written: a name from the system whose bytes are no UTF-8 can't be."""
    return as_text(text) == text


def as_text(text: str) -> str:
    """The same with a "?" for each byte of a name that is no UTF-8, so that it can be written."""
    return text.encode(errors="replace").decode()


def printable(text: str) -> str:
    """A text without what a terminal, or a file of lines, would interpret: escapes, bidi controls, line breaks."""
    return "".join(char if char.isprintable() else "?" for char in text)


def check_path(path: Path) -> None:
    """Raises `StorageError` at a path whose bytes are no UTF-8: no record could name it, and polars can't open it."""
    if not is_text(str(path.absolute())):
        raise StorageError(f"{path.absolute()}: a name in this path is no UTF-8; rename that file or folder.")


def inside(folder: Path, name: str) -> Path:
    """A path in a folder, by a name that records state; raises `StorageError` where it leaves the folder."""
    if not stays_inside(name):
        raise StorageError(f"a record of {folder} has a name that leaves the folder: {name}.")
    return folder / name


def check_name(file_name: str) -> None:
    """Raises `ImageError` at an image's file name that leaves the folder of images."""
    if not stays_inside(file_name):
        raise ImageError("its file name leaves the folder of photos")


def check_length(length: int) -> None:
    """Raises `ImageError` at an image that is empty or too large, in bytes."""
    if not length:
        raise ImageError("an empty file")
    if length > LARGEST_FILE:
        raise ImageError(f"{length:,} bytes, more than the {LARGEST_FILE:,} that a photo may have")


def check_tree(folder: Path) -> None:
    """Checks a folder that may come from somewhere else, before anything in it is read.

    Raises:
        StorageError: It holds a link that leads out of it, or something that is neither a file nor a folder: a pipe
            would be waited for without end. Or its path is no UTF-8.
    """
    check_path(folder)
    home = folder.resolve()
    for entry in _entries(folder):
        if entry.is_symlink():
            if not _leads_into(home, Path(entry.path)):
                raise StorageError(
                    f"{entry.path} is a link that leads out of {folder}, and is not followed. Put what it leads to in "
                    "its place, or remove it."
                )
        elif not (entry.is_dir() or entry.is_file()):
            raise StorageError(f"{entry.path} is neither a file nor a folder, and is not read. Remove it.")


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """All that is in a folder and its folders; of one that another command is just removing, what is left."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as found:
        for entry in found:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path)


def _leads_into(home: Path, link: Path) -> bool:
    try:
        return link.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # a link to itself
        return False
