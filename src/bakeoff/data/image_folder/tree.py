"""A tree of photos with a folder per class: `DIR/train/<class>/*` and `DIR/val/<class>/*`, or `DIR/<class>/*`."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bakeoff.core.errors import SourceError
from bakeoff.core.types import SPLITS, TEST, TRAIN, VAL
from bakeoff.data.audit.result import Refused

FORMATS = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
"""By suffix of a photo's file, Pillow's name of its format."""

LAYOUT = "a tree is DIR/train/<class>/* and DIR/val/<class>/*, or DIR/<class>/*"


class TreeImage(NamedTuple):
    """A photo of a tree.

    Attributes:
        file: Its path, relative to the tree, with slashes.
        label: Its class.
        split: "train" or "val"; None in a tree of one level.
    """

    file: str
    label: str
    split: str | None


@dataclass(frozen=True)
class Tree:
    """A tree of photos with a folder per class.

    Attributes:
        root: The folder.
        splits: "train" and "val"; None alone where the tree has one level.
        classes: The names of the class folders, sorted; at least two, each with a photo in each split.
        photos: Ascending by file.
        skipped: Entries that are no photos of a class, and why.
    """

    root: Path
    splits: tuple[str | None, ...]
    classes: tuple[str, ...]
    photos: tuple[TreeImage, ...]
    skipped: tuple[Refused, ...]


def scan(root: Path) -> Tree:
    """Lists the photos of a tree; reads none, and follows no link out of it.

    Args:
        root: The tree's folder. With folders `train` and `val` in it, or `test` too, the splits are theirs.

    Raises:
        SourceError: It is no folder or can't be read, holds no photos or a single class, or a class holds none.
    """
    if not os.path.isdir(root):  # noqa: PTH112 - pathlib's raises where the path can't be accessed
        raise SourceError(f"{root} is not a folder; {LAYOUT}.")
    scanner = _Scanner(root)
    top = scanner.folders(root)
    splits: tuple[str | None, ...] = (None,)
    if {TRAIN, VAL} <= {*top}:
        splits = tuple(name for name in SPLITS if name in top)
    if splits == (None,):
        _check_half(root, top)
    else:
        scanner.skip([root / name for name in top if name not in SPLITS], "neither train nor val nor test")
    photos = []
    classes: set[str] = set()
    for split in splits:
        path = root / split if split else root
        names = scanner.folders(path) if split else top
        classes.update(names)
        photos += [TreeImage(file, name, split) for name in names for file in scanner.photos(path / name)]
    skipped = tuple(sorted(scanner.skipped, key=lambda entry: entry.file))
    tree = Tree(root, splits, tuple(sorted(classes)), tuple(sorted(photos)), skipped)
    _check(tree)
    return tree


class _Scanner:
    """Lists folders and notes what it skips."""

    def __init__(self, root: Path) -> None:
        self.skipped: list[Refused] = []
        self._root, self._real = root, root.resolve()

    def folders(self, path: Path) -> list[str]:
        """The names of the folders in a folder."""
        entries = self.entries(path)
        self.skip([entry for entry in entries if not entry.is_dir()], "not in a class's folder")
        return [entry.name for entry in entries if entry.is_dir()]

    def photos(self, path: Path) -> list[str]:
        """The photos in a class's folder, relative to the tree."""
        entries = self.entries(path)
        self.skip([entry for entry in entries if entry.is_dir()], "a folder in a class's folder")
        files = [entry for entry in entries if not entry.is_dir()]
        self.skip([entry for entry in files if entry.suffix.lower() not in FORMATS], "no photo by its suffix")
        photos = [entry for entry in files if entry.suffix.lower() in FORMATS]
        self.skip([entry for entry in photos if not entry.is_file()], "not a file")
        return [self._name(entry) for entry in photos if entry.is_file()]

    def skip(self, entries: Iterable[Path], reason: str) -> None:
        """Notes entries that are not used."""
        self.skipped += [Refused(self._name(entry), reason) for entry in entries]

    def entries(self, path: Path) -> Sequence[Path]:
        """What is in a folder, without hidden entries, names that can't be written, and links that leave the tree."""
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            raise SourceError(f"{path} can't be read: {error.strerror}.") from None
        usable = []
        for entry in entries:
            if reason := self._refusal(entry):
                self.skip([entry], reason)
            else:
                usable.append(entry)
        return usable

    def _refusal(self, entry: Path) -> str:
        if entry.name.startswith("."):
            return "hidden"
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            return "its name is not valid UTF-8"
        try:
            inside = not entry.is_symlink() or entry.resolve(strict=True).is_relative_to(self._real)
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            return "a broken link"
        return "" if inside else "a link that leaves the folder"

    def _name(self, entry: Path) -> str:
        return entry.relative_to(self._root).as_posix().encode(errors="replace").decode()


def _check_half(root: Path, top: Sequence[str]) -> None:
    """Refuses a tree with the one split only; a class may be called `train`, though: it holds photos itself."""
    for name in {TRAIN, VAL} & {*top}:
        held = _Scanner(root).entries(root / name)
        if held and all(entry.is_dir() for entry in held):
            other = VAL if name == TRAIN else TRAIN
            raise SourceError(
                f"{root} has a folder {name} with classes in it, but no {other}; give {root / name} to have its photos "
                f"split by the quotas, or add {other}."
            )


def _check(tree: Tree) -> None:
    hint = f" Skipped: {tree.skipped[0].file}: {tree.skipped[0].reason}." if tree.skipped else ""
    if not tree.photos:
        raise SourceError(f"{tree.root} holds no photos; {LAYOUT}.{hint}")
    if len(tree.classes) == 1:
        raise SourceError(
            f"{tree.root} holds one class only, {tree.classes[0]!r}; at least two are needed: {LAYOUT}.{hint}"
        )
    filled = {(photo.split, photo.label) for photo in tree.photos}
    for split in tree.splits:
        for name in tree.classes:
            if (split, name) not in filled and split != TEST:
                path = tree.root / split / name if split else tree.root / name
                raise SourceError(
                    f"class {name!r} is empty: {path} holds no photos ({', '.join(FORMATS)}). Put some there, or "
                    f"remove the class.{hint}"
                )
