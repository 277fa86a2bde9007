"""What is refused of files and archives that come from outside, wherever they are read, and of texts, in tables."""

import lzma
import struct
import zlib
from pathlib import PureWindowsPath
from zipfile import BadZipFile, ZipInfo

from bakeoff.core.errors import ImageError

LARGEST_FILE = 256 * 2**20
"""Bytes; no image of a detection data set comes near, and a larger file would only fill the memory."""

GROWTH, ALWAYS_ALLOWED = 100, 2**28
"""A member of an archive may unpack to so many times its bytes, and to so many bytes in any case."""

ZIP = b"PK"
"""What a zip archive begins with."""

ZIP_DAMAGE = (BadZipFile, EOFError, NotImplementedError, lzma.LZMAError, struct.error, zlib.error)
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
