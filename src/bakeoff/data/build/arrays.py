"""The `.npy` files: made at full length first, so that processes fill their rows in any order with little memory."""

import math
from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from bakeoff.core.errors import StorageError
from bakeoff.core.types import Images

LARGEST = 2**30
"""Bytes of a file: a split that needs more has several."""

HEADER = 128
"""Bytes before the rows, as numpy writes a header of this length."""


def rows_per_file(size: int) -> int:
    """How many images of size x size pixels a file holds."""
    return max(1, (LARGEST - HEADER) // (size * size * 3))


def file_names(split: str, total: int, size: int) -> list[str]:
    """The files of a split of so many images: `train.npy`; or, where that were too large, `train-00000.npy` and on."""
    number = math.ceil(total / rows_per_file(size))
    return [f"{split}-{part:05}.npy" for part in range(number)] if number > 1 else [f"{split}.npy"]


def files_of(folder: Path, split: str) -> list[Path]:
    """The files of a split that are there, in their order; the one that should be where there is none."""
    whole = folder / f"{split}.npy"
    parts = takewhile(Path.exists, (folder / f"{split}-{part:05}.npy" for part in count()))
    return [whole] if whole.exists() else list(parts) or [whole]


def create_arrays(folder: Path, split: str, total: int, size: int) -> None:
    """Makes the files of a split of so many images."""
    most = rows_per_file(size)
    for part, name in enumerate(file_names(split, total, size)):
        create_array(folder / name, (min(most, total - part * most), size, size, 3))


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


def check_arrays(files: list[Path], total: int, size: int) -> None:
    """Checks that the files of a split hold so many images, without reading them; raises as `check_array`."""
    is_whole = "-" not in files[0].stem
    most = total if is_whole else max((1, *read_header(files[0])[0][:1]))
    for part, path in enumerate(files):
        check_array(path, (min(most, total - part * most), size, size, 3))
    if not is_whole and len(files) != math.ceil(total / most):
        raise StorageError(f"{files[-1].parent} lacks files after {files[-1].name}. Remove it and build it again.")


def check_array(path: Path, shape: tuple[int, ...]) -> None:
    """Checks that a file holds a whole uint8 array of that shape, without reading its rows.

    Raises:
        StorageError: It is missing or damaged, or holds another array.
    """
    found, fortran_order, dtype, start = read_header(path)
    length = path.stat().st_size - start
    if (found, fortran_order, dtype, length) != (shape, False, np.dtype(np.uint8), math.prod(shape)):
        raise StorageError(
            f"{path} holds {dtype} {found} in {length:,} bytes, but the data set's records say uint8 {shape}. "
            "Remove the data set and build it again."
        )


def read_header(path: Path) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    """The shape of a file's array, whether it is in Fortran's order, its type, and where its bytes start."""
    try:
        with path.open("rb") as file:
            if (version := npy.read_magic(file)) != (1, 0):
                raise ValueError(f"version {version} of the format")
            return (*npy.read_array_header_1_0(file), file.tell())
    except Exception as error:  # numpy reads the header as Python, with an error of its own for each kind of damage
        raise StorageError(f"{path} is missing or damaged ({error}). Remove the data set and build it again.") from None
