"""Files that go from one machine to another, known by their digest."""

import getpass
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bakeoff.core.atomic import atomic_folder, lock, write_bytes
from bakeoff.core.errors import StorageError
from bakeoff.core.storage import file_digest
from bakeoff.core.untrusted import inside

Packed = Mapping[str, bytes]
"""By path within a folder a file's bytes; of a single file under the empty name."""


@dataclass(frozen=True)
class Bundle:
    """Files of one folder that a task reads.

    Attributes:
        root: The folder.
        names: The files, relative to it.
        key: The one of them whose digest stands for all, such as a seal.
        digest: That digest.
    """

    root: Path
    names: tuple[str, ...]
    key: str
    digest: str

    @classmethod
    def of(cls, root: Path, names: Iterable[str], key: str) -> "Bundle":
        """The bundle of files as they are now."""
        return cls(root, tuple(sorted(names)), key, file_digest(root / key))

    def is_in(self, folder: Path) -> bool:
        """Whether a folder holds these files."""
        try:
            return file_digest(folder / self.key) == self.digest and all((folder / own).is_file() for own in self.names)
        except OSError:
            return False

    def load(self) -> list[npt.NDArray[np.uint8]]:
        """The bytes of the files."""
        return [np.fromfile(self.root / name, np.uint8) for name in self.names]


def node_folder() -> Path:
    """The folder of this machine for what comes from others, of this user alone.

    Raises:
        StorageError: Somebody else made a folder of that name.
    """
    user = os.getuid() if hasattr(os, "getuid") else None  # in a container it may have no name; Windows has none
    folder = Path(tempfile.gettempdir()) / f"bakeoff-{getpass.getuser() if user is None else user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None and folder.stat().st_uid != user:
        raise StorageError(f"{folder} belongs to another user. Set TMPDIR to a folder of your own on this node.")
    return folder


def unpack_bundle(bundle: Bundle, contents: Iterable[npt.NDArray[np.uint8]]) -> Path:
    """The folder of this machine that holds a bundle's files; the first who asks writes them from their contents."""
    folder = node_folder() / bundle.digest
    with lock(folder.with_suffix(".bundle")):
        if not bundle.is_in(folder):
            with atomic_folder(folder) as partial:
                for name, content in zip(bundle.names, contents, strict=True):
                    own = inside(partial, name)
                    own.parent.mkdir(parents=True, exist_ok=True)
                    content.tofile(own)
    return folder


def pack(path: Path) -> Packed | None:
    """A file or the files of a folder; None where there is none."""
    if path.is_file():
        return {"": path.read_bytes()}
    if not path.exists():
        return None
    return {own.relative_to(path).as_posix(): own.read_bytes() for own in path.rglob("*") if own.is_file()}


def unpack(packed: Packed, path: Path) -> None:
    """Writes what `pack` read, whole or not at all; raises `StorageError` where there is no room or right to write."""
    if "" in packed:
        write_bytes(path, packed[""])
        return
    with atomic_folder(path) as partial:
        for name, raw in packed.items():
            write_bytes(inside(partial, name), raw)
