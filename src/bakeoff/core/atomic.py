"""A folder that takes another's place when it is whole, and what a killed process leaves of that."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

with suppress(ImportError):  # Windows, where a folder can't be opened either: what a killed process leaves stays there
    import fcntl

NEW, OLD = "new", "old"


@contextmanager
def replacement(target: Path) -> Iterator[Path]:
    """A folder to fill that takes the target's name when the block ends without an error.

    It is filled in a folder of its own beside the target, which is locked as long as this process lives. Such folders
    of the same target that nobody has locked are left over from killed processes: they are removed first.

    Args:
        target: The name that the folder gets; a folder that has it is replaced.

    Yields:
        The folder to fill.
    """
    with ExitStack() as held:
        with lock(target.parent):
            _tidy(target)
            place = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
            held.enter_context(lock(place))
        try:
            (place / NEW).mkdir()
            yield place / NEW
            with lock(target.parent):
                if target.exists():
                    target.replace(place / OLD)
                (place / NEW).replace(target)
        finally:
            with lock(target.parent):  # or another that has just moved the target away would be taken for a crash
                _remove(place, target)


def tidy(target: Path) -> None:
    """Removes what killed processes left beside a folder; puts the folder back where they had moved it away."""
    if target.parent.exists():
        with lock(target.parent):
            _tidy(target)


@contextmanager
def lock(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds a folder against all others that ask for it here; ends with its process, however that ends.

    Args:
        folder: The folder; nothing is written to it.
        wait: Whether to wait for another that holds it.

    Yields:
        Whether it is held: not where another holds it or has just removed it, or the file system has no locks.
    """
    with ExitStack() as opened:
        try:
            handle = os.open(folder, os.O_RDONLY)
            opened.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            held = False
        else:
            held = True
        yield held


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _tidy(target: Path) -> None:
    for place in [entry for entry in target.parent.iterdir() if entry.name.startswith(_prefix(target))]:
        with lock(place, wait=False) as held:
            if held:
                _remove(place, target)


def _remove(place: Path, target: Path) -> None:
    """Removes a folder where another was filled; a target that was moved there and has no successor is put back."""
    if (place / OLD).exists() and not target.exists():
        (place / OLD).replace(target)
    shutil.rmtree(place, ignore_errors=True)
