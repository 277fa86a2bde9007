"""Durable renames: what a name stands for is on the disk before the name is, and both are when the call returns."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

AT_ONCE = 16
"""Files that are synced at once; a journalling file system commits them together."""

HANDED_OUT = 1024
"""Files that are given to the threads at a time: a folder may hold a million."""

NO_FOLDERS = {errno.EACCES, errno.EBADF, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""How Windows and some network file systems say that a folder can't be synced."""


def move(source: Path, target: Path) -> None:
    """Gives a file another name on the same disk, atomically and durably; raises OSError where the disk refuses."""
    sync(source)
    source.replace(target)
    sync_folder(target.parent)


def sync(path: Path) -> None:
    """Returns when the bytes of a file are on the disk."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk; at once where the file system can't sync a folder."""
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in NO_FOLDERS:
            raise


def sync_tree(folder: Path) -> None:
    """Returns when all files in a folder, then the names in it and its folders, are on the disk."""
    folders: list[Path] = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for home, _, names in os.walk(folder):
            folders.append(Path(home))
            files = (Path(home, name) for name in names)
            while some := list(islice(files, HANDED_OUT)):
                list(threads.map(sync, some))
    for path in reversed(folders):  # a folder comes after what is in it
        sync_folder(path)
