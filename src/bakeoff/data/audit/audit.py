"""The audit of a tree: what can't be read, what occurs twice, how large the classes are, what the labels are worth."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from bakeoff.core.errors import ImageError
from bakeoff.core.types import Images
from bakeoff.data.audit.labels import check_labels
from bakeoff.data.audit.result import Audit, Refused
from bakeoff.data.duplicates.fingerprints import BLOCK, Fingerprints, fingerprints, joined
from bakeoff.data.duplicates.groups import ImageFile, find_duplicates
from bakeoff.data.duplicates.names import photo_id
from bakeoff.data.elsewhere import PieceMap, made_elsewhere
from bakeoff.data.image_folder.tree import Tree, TreeImage
from bakeoff.data.index import Index

THUMBNAIL = 32
"""Height and width in pixels at which an audit compares photos: what the perceptual hash needs."""

ALL = "all"
UNSEEN = "All machines must see the folder under the same path. Without --cluster this machine reads the photos."

Read = Callable[[str], bytes]
Decode = Callable[[bytes], Images]


class ReadPhoto(NamedTuple):
    """A photo as an audit compares it: the digest of its bytes and its pixels, or why one or both can't be had."""

    digest: str | None
    pixels: Images | None
    reason: str = ""


def audit_tree(
    tree: Tree,
    read: Read,
    decode: Decode,
    index: Index | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    elsewhere: PieceMap | None = None,
) -> Audit:
    """Checks every photo of a tree, once.

    Args:
        tree: The photos.
        read: Gives the bytes of a photo by its file, or raises `ImageError`.
        decode: Gives a photo's pixels, uint8 (S, S, 3), S the same for all (`THUMBNAIL`), or raises `ImageError`.
        index: An instances file that the classes are compared with.
        progress: Called with how many of all photos were compared.
        elsewhere: Other machines, which read and decode the photos.

    Raises:
        SourceError: Another machine does not see a photo.
    """
    prints: list[Fingerprints] = []
    pixels: list[Images] = []
    digests: list[str | None] = []
    rows: list[int] = []
    unreadable = []
    for row, (photo, found) in enumerate(zip(tree.photos, _read_all(tree, read, decode, elsewhere), strict=True)):
        digests.append(found.digest)
        if found.pixels is not None:
            pixels.append(found.pixels)
            rows.append(row)
        else:
            unreadable.append(Refused(photo.file, found.reason))
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


def _read_all(tree: Tree, read: Read, decode: Decode, elsewhere: PieceMap | None) -> Iterable[ReadPhoto]:
    if not elsewhere:
        return (own for photo in tree.photos for own in read_photos(read, decode, [photo]))
    made = made_elsewhere(elsewhere, partial(read_photos, read, decode), tree.photos, UNSEEN)
    return (own for _, some in made for own in some)


def read_photos(read: Read, decode: Decode, photos: Sequence[TreeImage]) -> list[ReadPhoto]:
    """Reads and decodes photos; arguments as of `audit_tree`."""
    found = []
    for photo in photos:
        digest = None
        try:
            raw = read(photo.file)
            digest = hashlib.sha256(raw).hexdigest()
            found.append(ReadPhoto(digest, decode(raw)))
        except ImageError as error:
            found.append(ReadPhoto(digest, None, str(error)))
    return found


def _counts(tree: Tree) -> dict[str, dict[str, int]]:
    found = Counter((photo.split, photo.label) for photo in tree.photos)
    splits: Sequence[str | None] = tree.splits
    return {split or ALL: {name: found[split, name] for name in tree.classes} for split in splits}
