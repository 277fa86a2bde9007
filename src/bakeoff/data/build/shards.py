"""Images of a split that need not fit into memory: its files as one array, of which rows are read when asked for."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bakeoff.core.errors import StorageError
from bakeoff.core.seals import check_digest
from bakeoff.core.types import Images
from bakeoff.data.build.arrays import read_header

BLOCK = 256
"""Images that are read at once where one after the other is asked for."""

GIVE_BACK = getattr(mmap, "MADV_DONTNEED", None)
"""Advice that pages are not needed any more, where the system takes it: else they would count as the process's memory,
until the system needed it for others."""


class ArrayFile:
    """One file of images, mapped into memory when it is first read, and checked then.

    Attributes:
        shape: Of its images, (N, S, S, 3).
    """

    def __init__(self, path: Path, sealed: str | None = None) -> None:
        """Takes the file, and its SHA-256, or None where it need not be checked."""
        self._path, self._sealed = path, sealed
        self.shape, *_, self._start = read_header(path)
        self._map: mmap.mmap | None = None

    def __getstate__(self) -> dict[str, object]:
        """For another process, which maps the file itself."""
        return {**self.__dict__, "_map": None}

    def read(self, rows: npt.NDArray[np.int64]) -> Images:
        """Copies of these images, uint8 (B, S, S, 3); raises `StorageError` if the file was altered, or is gone."""
        opened = self._map or self._open()
        pixels: Images = np.frombuffer(opened, np.uint8, offset=self._start).reshape(self.shape)[rows]
        if GIVE_BACK is not None:
            opened.madvise(GIVE_BACK)
        return pixels

    def _open(self) -> mmap.mmap:
        if self._sealed is not None:
            check_digest(self._path, self._sealed, self._path.parent)
            self._sealed = None
        try:
            with self._path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise StorageError(f"can't read {self._path}: {error}.") from None
        return self._map


class Shards:
    """Images uint8 (N, S, S, 3) in one or several files, read when they are asked for; an `ImageRows`.

    The first index is as numpy's, and gives an array in memory; further ones are numbers and slices of the axes behind.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, files: Sequence[ArrayFile], rows: npt.NDArray[np.int64] | None = None) -> None:
        """Takes the files, and which of all their images these are; all of them where None."""
        self._files = files
        self._ends = np.cumsum([file.shape[0] for file in files])
        self._rows = np.arange(self._ends[-1]) if rows is None else rows
        self.shape = (len(self._rows), *files[0].shape[1:])
        self.nbytes = int(np.prod(self.shape))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Images]:
        for start in range(0, len(self), BLOCK):
            yield from self[start : start + BLOCK]

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Images:
        return np.asarray(self._gather(self._rows), dtype)

    def __getitem__(self, index: Any) -> Any:
        first, *others = index if isinstance(index, tuple) and index else (index,)
        if first is Ellipsis or not all(isinstance(one, int | np.integer | slice) for one in others):
            return np.asarray(self)[index]
        rows = np.asarray(self._rows[first])
        found = self._gather(rows.ravel()).reshape(*rows.shape, *self.shape[1:])
        return found[(slice(None),) * rows.ndim + tuple(others)] if others else found

    def take(self, rows: npt.NDArray[np.int64]) -> "Shards":
        """Some of the images, int64 (M,), not read yet."""
        return Shards(self._files, self._rows[rows])

    def _gather(self, rows: npt.NDArray[np.int64]) -> Images:
        pixels = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for start in range(0, len(rows), BLOCK):
            self._fill(pixels[start : start + BLOCK], rows[start : start + BLOCK])
        return pixels

    def _fill(self, pixels: Images, rows: npt.NDArray[np.int64]) -> None:
        file_of = np.searchsorted(self._ends, rows, side="right")
        for number in np.unique(file_of):
            own, file = file_of == number, self._files[number]
            pixels[own] = file.read(rows[own] - self._ends[number] + file.shape[0])
