"""The `.npy` files: made at full length first, so that processes fill their rows in any order with little memory."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from bakeoff.core.errors import StorageError
from bakeoff.core.types import Images


def create_array(path: Path, shape: tuple[int, ...]) -> None:
    """Writes a uint8 array of that shape; its rows are zero until they are written."""
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + math.prod(shape))


def write_rows(path: Path, rows: Mapping[int, Images]) -> None:
    """Writes rows, uint8 of any shape each, of an array that `create_array` made, by their numbers.

    A memory map would do the same, but ends the process with SIGBUS where the disk is full.
    """
    with path.open("r+b") as file:
        npy.read_magic(file)
        npy.read_array_header_1_0(file)
        start = file.tell()
        for row, values in rows.items():
            file.seek(start + row * values.nbytes)
            file.write(values.tobytes())


def check_array(path: Path, shape: tuple[int, ...]) -> None:
    """Checks that a file holds a whole uint8 array of that shape, without reading its rows.

    Raises:
        StorageError: It is missing or damaged, or holds another array.
    """
    try:
        with path.open("rb") as file:
            if (version := npy.read_magic(file)) != (1, 0):
                raise ValueError(f"version {version} of the format")
            found, fortran_order, dtype = npy.read_array_header_1_0(file)
            length = path.stat().st_size - file.tell()
    except Exception as error:  # numpy reads the header as Python, with an error of its own for each kind of damage
        raise StorageError(f"{path} is missing or damaged ({error}). Remove the data set and build it again.") from None
    if (found, fortran_order, dtype, length) != (shape, False, np.dtype(np.uint8), math.prod(shape)):
        raise StorageError(
            f"{path} holds {dtype} {found} in {length:,} bytes, but the data set's records say uint8 {shape}. "
            "Remove the data set and build it again."
        )
