"""The audit of a tree: what can't be read, what occurs twice, how large the classes are, what the labels are worth."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from bakeoff.core.errors import ImageError
from bakeoff.core.types import Images
from bakeoff.data.audit.labels import check_labels
from bakeoff.data.audit.result import Audit, Refused
from bakeoff.data.duplicates.fingerprints import BLOCK, Fingerprints, fingerprints, joined
from bakeoff.data.duplicates.groups import ImageFile, find_duplicates
from bakeoff.data.duplicates.names import photo_id
from bakeoff.data.image_folder.tree import Tree
from bakeoff.data.index import Index

THUMBNAIL = 32
"""Height and width in pixels at which an audit compares photos: what the perceptual hash needs."""

ALL = "all"


def audit_tree(
    tree: Tree,
    read: Callable[[str], bytes],
    decode: Callable[[bytes], Images],
    index: Index | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Checks every photo of a tree, once.

    Args:
        tree: The photos.
        read: Gives the bytes of a photo by its file, or raises `ImageError`.
        decode: Gives a photo's pixels, uint8 (S, S, 3), S the same for all (`THUMBNAIL`), or raises `ImageError`.
        index: An instances file that the classes are compared with.
        progress: Called with how many of all photos were compared.
    """
    prints: list[Fingerprints] = []
    pixels: list[Images] = []
    digests: list[str | None] = []
    rows: list[int] = []
    unreadable = []
    for row, photo in enumerate(tree.photos):
        digests.append(None)
        try:
            raw = read(photo.file)
            digests[row] = hashlib.sha256(raw).hexdigest()
            pixels.append(decode(raw))
            rows.append(row)
        except ImageError as error:
            unreadable.append(Refused(photo.file, str(error)))
        if len(pixels) == BLOCK:
            prints.append(fingerprints(np.stack(pixels)))
            pixels.clear()
        progress(row + 1, len(tree.photos))
    if pixels:
        prints.append(fingerprints(np.stack(pixels)))
    return Audit(
        folder=str(tree.root),
        counts=(counts := _counts(tree)),
        imbalance={split: max(sizes.values()) / min(sizes.values()) for split, sizes in counts.items()},
        unreadable=tuple(unreadable),
        skipped=tree.skipped,
        duplicates=find_duplicates(
            [ImageFile(*photo) for photo in tree.photos],
            {"file name": [photo_id(photo.file) for photo in tree.photos], "bytes": digests},
            joined(prints),
            np.array(rows, dtype=np.int64),
        ),
        labels=check_labels(tree, index) if index else None,
    )


def _counts(tree: Tree) -> dict[str, dict[str, int]]:
    found = Counter((photo.split, photo.label) for photo in tree.photos)
    splits: Sequence[str | None] = tree.splits
    return {split or ALL: {name: found[split, name] for name in tree.classes} for split in splits}
