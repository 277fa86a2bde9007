"""Photos that occur more than once, and the borders that they cross."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bakeoff.data.audit.result import Border, Duplicates, Evidence
from bakeoff.data.duplicates.fingerprints import Fingerprints
from bakeoff.data.duplicates.near import near_duplicates

Links = npt.NDArray[np.int64]
"""Pairs of rows that hold one photo: int64 (P, 2)."""


class ImageFile(NamedTuple):
    """Where an image lies: its file's name, its class, and its split or None."""

    file: str
    label: str
    split: str | None


def find_duplicates(
    members: Sequence[ImageFile],
    keys: Mapping[Evidence, Sequence[Hashable | None]],
    prints: Fingerprints,
    rows: npt.NDArray[np.int64] | None = None,
) -> tuple[Duplicates, ...]:
    """The photos that occur more than once; the order of the members does not matter.

    What is one photo with a second, and that with a third, is one photo with the third.

    Args:
        members: Where each of N images lies.
        keys: By kind of evidence, for each photo what only the same photo fractions; None says nothing.
        prints: What the photos look like.
        rows: int64 (M,): the members of the photos in `prints`; by default all.

    Returns:
        One entry for each photo that occurs more than once: leaks first, then by the first file.
    """
    links = {kind: _same(values) for kind, values in keys.items()}
    links["pixels"] = _alike(keys.get("bytes"), prints, np.arange(len(members)) if rows is None else rows)
    photos = _photos(len(members), list(links.values()))
    linked = {kind: set(photos[pairs[:, 0]].tolist()) for kind, pairs in links.items()}
    members_of: dict[int, list[ImageFile]] = {}
    for photo, member in zip(photos.tolist(), members, strict=True):
        members_of.setdefault(photo, []).append(member)
    found = [
        _describe(there, [kind for kind in get_args(Evidence) if photo in linked.get(kind, ())])
        for photo, there in members_of.items()
        if len(there) > 1
    ]
    return tuple(sorted(found, key=lambda group: (not group.across, group.files)))


def _same(values: Sequence[Hashable | None]) -> Links:
    """A link from the first to each further photo with the same value."""
    first: dict[Hashable, int] = {}
    links = []
    for row, value in enumerate(values):
        if value is not None and first.setdefault(value, row) != row:
            links.append((first[value], row))
    return np.array(links, dtype=np.int64).reshape(-1, 2)


def _alike(digests: Sequence[Hashable | None] | None, prints: Fingerprints, rows: npt.NDArray[np.int64]) -> Links:
    """Links between photos that look the same; of those with the same bytes only the first is compared."""
    if digests is not None:
        again = _same([digests[row] for row in rows])[:, 1]
        kept = np.setdiff1d(np.arange(len(rows)), again)
        prints, rows = prints[kept], rows[kept]
    return rows[near_duplicates(prints)]


def _photos(count: int, links: Sequence[Links]) -> npt.NDArray[np.int64]:
    """For each of so many members the number of the photo in it: int64 (count,)."""
    first, second = np.concatenate(links).T
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _describe(members_of: Sequence[ImageFile], evidence: Sequence[Evidence]) -> Duplicates:
    crossed: dict[Border, bool] = {
        "splits": len({member.split for member in members_of}) > 1,
        "classes": len({member.label for member in members_of}) > 1,
    }
    across = tuple(border for border, is_crossed in crossed.items() if is_crossed)
    return Duplicates(tuple(sorted(member.file for member in members_of)), tuple(evidence), across)
