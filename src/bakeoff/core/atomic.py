"""Atomic writes: files and folders that are whole or absent, and what a killed process leaves of them.

What is written is on the disk before it takes its name (`core/durable.py`), so a loss of power leaves no empty file.
"""

import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from bakeoff.core import durable
from bakeoff.core.errors import StorageError

NEW, OLD, LOCK = "new", "old", "lock"
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
FOREVER = -1.0
"""As filelock has it."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns an operating system's refusal (no space, no right) into a `StorageError` that names the path."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename and Path(str(error.filename)) != path else ""
        raise StorageError(
            f"can't write {path}{where}: {error.strerror or error}. Free some space, or choose another folder."
        ) from None


def write_bytes(path: Path, raw: bytes) -> None:
    """Writes a file atomically; raises `StorageError` where there is no room or no right to write."""
    partial = path.with_name(f"{_prefix(path)}{os.getpid()}")
    with storage_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(raw)
            durable.move(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def remove_partials(folder: Path, *names: str) -> None:
    """Removes what killed processes left of files that they were writing; for one who keeps out their other writers."""
    for path in (folder / name for name in names):
        for left in path.parent.glob(f"{glob.escape(_prefix(path))}*"):
            left.unlink()


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that takes the target's name when the block ends without an error.

    A folder of that name is replaced; after an error it is as before. The folder is filled beside the target, in a
    staging folder whose lock this process holds as long as it lives; staging folders of the same target that nobody
    holds are left over from killed processes, and are removed first.

    Raises:
        StorageError: There is no room or no right to write.
    """
    with storage_errors(target), ExitStack() as held:
        target.parent.mkdir(parents=True, exist_ok=True)
        with lock(target):
            _tidy(target)
            staging = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
            held.enter_context(_lock_file(staging / LOCK))
        try:
            (staging / NEW).mkdir()
            yield staging / NEW
            durable.sync_tree(staging / NEW)
            with lock(target):
                if target.exists():
                    target.replace(staging / OLD)
                (staging / NEW).replace(target)
                durable.sync_folder(target.parent)
        finally:
            with lock(target):  # or another that has just moved the target away would be taken for a crash
                held.close()  # Windows removes no file that is open
                _remove(staging, target)


def tidy(target: Path) -> None:
    """Removes what killed processes left beside a folder; puts the folder back where they had moved it away."""
    if target.parent.exists():
        with lock(target):
            _tidy(target)


@contextmanager
def lock(target: Path, *, timeout: float = FOREVER) -> Iterator[bool]:
    """Holds a file or folder against all others that ask for it here; ends with its process, however that ends.

    The lock file, `.NAME.lock`, is next to the target, visible to every process on its file system, and is removed at
    the end. One that a killed process left is taken over and removed by the next that asks.

    Args:
        target: What is locked; it need not exist.
        timeout: Seconds to wait for another that holds it.

    Yields:
        Whether it is held: not after the timeout, nor where no lock file can be written, such as on a read-only disk.

    Raises:
        StorageError: The file system has no locks, as some network file systems.
    """
    path = target.with_name(f".{target.name}.lock")
    with _lock_file(path, timeout) as held:
        try:
            yield held
        finally:
            if held:
                # Those who wait have the removed file open: filelock sees that it lost its name, and opens the new one.
                # Windows refuses to remove an open file; there filelock removes it.
                with suppress(OSError):
                    path.unlink()


@contextmanager
def _lock_file(path: Path, timeout: float = FOREVER) -> Iterator[bool]:
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(path, timeout=timeout, poll_interval=0.01))
        except (NotImplementedError, OSError) as error:  # a timeout is an OSError, too
            if isinstance(error, NotImplementedError) or error.errno in NO_LOCKS:
                raise StorageError(
                    f"{path.parent} is on a file system without locks, where two commands could work in one folder at "
                    "once. Choose a folder on a local disk."
                ) from None
            held = False
        else:
            held = True
        yield held


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _tidy(target: Path) -> None:
    for staging in [entry for entry in target.parent.iterdir() if entry.name.startswith(_prefix(target))]:
        with _lock_file(staging / LOCK, timeout=0) as held:
            left_over = held
        if left_over:
            _remove(staging, target)


def _remove(staging: Path, target: Path) -> None:
    """Removes a staging folder; a target that was moved there and has no successor is put back."""
    if (staging / OLD).exists() and not target.exists():
        (staging / OLD).replace(target)
    shutil.rmtree(staging, ignore_errors=True)
