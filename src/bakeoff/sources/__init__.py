"""The places that photos come from, behind one contract: `records.Source`."""

import difflib
from pathlib import Path

from bakeoff.errors import SourceError
from bakeoff.records import Source
from bakeoff.sources.folder import FolderSource

__all__ = ["open_source"]


def open_source(images: str) -> Source:
    """The source that `data.images` names.

    Args:
        images: Path of a folder.

    Raises:
        SourceError: There is no such folder, or it is empty.
    """
    folder = Path(images)
    if not images:
        raise SourceError("no photos are given; give --images FOLDER or data.images in the experiment file.")
    if not folder.exists():
        beside = [entry.name for entry in folder.parent.iterdir() if entry.is_dir()] if folder.parent.is_dir() else []
        near = difflib.get_close_matches(folder.name, beside, n=3)
        hint = f" There is {', '.join(near)} in {folder.parent}." if near else ""
        raise SourceError(f"image folder {folder} does not exist.{hint} Give --images FOLDER.")
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; give the folder that holds the photos with --images.")
    if not any(folder.iterdir()):
        raise SourceError(f"image folder {folder} is empty; give the folder that holds the photos with --images.")
    return FolderSource(folder)
