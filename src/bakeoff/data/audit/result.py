"""What is wrong in a tree of photos with a folder per class."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Evidence = Literal["image id", "file name", "bytes", "pixels"]
"""Why photos count as one: the same id in the data set, the same id in the file name, the same bytes, or a perceptual
hash that a comparison of the pixels confirms."""

Border = Literal["splits", "classes"]


class Duplicates(msgspec.Struct, frozen=True):
    """Files that hold one photo.

    Attributes:
        files: Their names, sorted.
        evidence: Why they count as one photo.
        across: What they lie on both sides of; empty where all are in one class and one split.
    """

    files: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    across: tuple[Border, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """A file or folder that is not used, and why; `file` is relative to the tree."""

    file: str
    reason: str


class WrongLabel(msgspec.Struct, frozen=True):
    """A photo in the folder of a class that is not annotated in it.

    Attributes:
        file: Relative to the tree.
        label: The folder's class.
        annotated: The categories that are annotated in it.
    """

    file: str
    label: str
    annotated: tuple[str, ...]


class LabelCheck(msgspec.Struct, frozen=True):
    """The tree's classes compared with an instances file.

    Attributes:
        annotations: Path of the instances file.
        matched: Photos that it lists.
        unmatched: Files that it does not list.
        unknown_classes: Classes of the tree that are none of its categories; their photos are not judged.
        wrong: Photos in which their folder's class is not annotated.
        ambiguous: Photos in which several of the tree's classes are annotated.
    """

    annotations: str
    matched: int
    unmatched: tuple[str, ...]
    unknown_classes: tuple[str, ...]
    wrong: tuple[WrongLabel, ...]
    ambiguous: int


class Audit(msgspec.Struct, frozen=True):
    """What is wrong in a tree of photos with a folder per class.

    Attributes:
        folder: Its path.
        counts: By split, then class: photos. A tree without splits has the one split "all".
        imbalance: By split: the photos of the largest class for one of the smallest.
        unreadable: Photos that can't be decoded.
        skipped: Entries that are no photos of a class, and links that leave the tree.
        duplicates: Files that hold one photo; leaks first.
        labels: The classes compared with an instances file; None where none was given.
    """

    folder: str
    counts: Mapping[str, Mapping[str, int]]
    imbalance: Mapping[str, float]
    unreadable: tuple[Refused, ...]
    skipped: tuple[Refused, ...]
    duplicates: tuple[Duplicates, ...]
    labels: LabelCheck | None = None

    @property
    def leaks(self) -> tuple[Duplicates, ...]:
        """Photos that are in both splits or in several classes."""
        return tuple(group for group in self.duplicates if group.across)
