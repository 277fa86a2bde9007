"""The photos of a tree found in an instances file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from bakeoff.data.duplicates.names import number, photo_id
from bakeoff.data.index import Index


def match(files: Sequence[str], index: Index) -> list[int | None]:
    """The image ids of files: by path, else by a name that is unique on both sides, else by the id in the name.

    Args:
        files: Paths relative to their folder, with slashes.
        index: The instances file.

    Returns:
        By file its image's id; None where there is none, or several might be meant. Numbers of fewer than six digits
        count as ids only where most files are found by longer ones: they often count the photos of a folder.
    """
    rows: list[tuple[str, int]] = index.images.select("file_name", "image_id").rows()
    by_path, ids = dict(rows), {image for _, image in rows}
    images, here = Counter(_name(file) for file, _ in rows), Counter(map(_name, files))
    by_name = {_name(file): image for file, image in rows if images[_name(file)] == 1 == here[_name(file)]}
    read = number if 2 * sum(photo_id(file) in ids for file in files) > len(files) else photo_id
    found = (by_path.get(file, by_name.get(_name(file), read(file))) for file in files)
    return [image if image in ids else None for image in found]


def _name(file: str) -> str:
    return PurePosixPath(file).name
