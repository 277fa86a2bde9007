"""A tree of photos with a folder per class: `DIR/train/<class>/*` and `DIR/val/<class>/*`, or `DIR/<class>/*`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bakeoff.core.errors import SourceError
from bakeoff.core.storage import is_folder
from bakeoff.core.types import SPLITS, TEST, TRAIN, VAL
from bakeoff.core.untrusted import as_text
from bakeoff.data.audit.result import Refused
from bakeoff.data.photo_formats import SUFFIXES

SPLIT_FOLDERS = {"train": TRAIN, "val": VAL, "valid": VAL, "validation": VAL, "test": TEST}
"""By name of a folder, in any case, the split that it holds."""

SYSTEM = frozenset({"@eadir", "__macosx", "thumbs.db", "desktop.ini"})
"""What file managers leave in folders, in small letters."""

LAYOUT = "a tree is DIR/train/<class>/* and DIR/val/<class>/*, or DIR/<class>/*"


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or one that a system left: never a photo or a class."""
    return name.startswith(".") or name.lower() in SYSTEM


class TreeImage(NamedTuple):
    """A photo of a tree.

    Attributes:
        file: Its path, relative to the tree, with slashes.
        label: Its class.
        split: "train", "val" or "test"; None in a tree of one level.
    """

    file: str
    label: str
    split: str | None


@dataclass(frozen=True)
class Tree:
    """A tree of photos with a folder per class.

    Attributes:
        root: The folder.
        splits: Those of "train", "val" and "test" that there are; None alone where the tree has one level.
        classes: The names of the class folders that hold photos, sorted; at least two.
        photos: Ascending by file: of the chosen classes, each with some in "train" and "val".
        skipped: Entries that are no photos of a class, and why.
    """

    root: Path
    splits: tuple[str | None, ...]
    classes: tuple[str, ...]
    photos: tuple[TreeImage, ...]
    skipped: tuple[Refused, ...]


def scan(root: Path, classes: Collection[str] = (), *, nested: bool = False, follow_links: bool = False) -> Tree:
    """Lists the photos of a tree; reads none.

    Args:
        root: The tree's folder. With folders `train` and `val` (`valid`, `validation`; any case) or `test` in it, or
            both, the splits are theirs.
        classes: The chosen ones; without, all that hold a photo.
        nested: Whether folders in a class's folder are classes of their own, `a/b`.
        follow_links: Whether links that lead out of the tree are followed.

    Raises:
        SourceError: It is no folder or can't be read, holds no photos or a single class, or a class holds none.
    """
    if not is_folder(root):
        raise SourceError(f"{root} is not a folder; {LAYOUT}.")
    scanner = _Scanner(root, follow_links=follow_links)
    top = scanner.folders(root)
    folders = _split_folders(root, top)
    if folders == {None: root}:
        _check_half(root, top)
        scanner.skipped.clear()  # the root is listed again, as a folder of classes
    else:
        used = {path.name for path in folders.values()}
        scanner.skip([root / name for name in top if name not in used], "neither train nor val nor test")
    photos, empty = list[TreeImage](), list[Path]()
    for split, path in folders.items():
        for name, files in scanner.classes(path, nested=nested):
            photos += [TreeImage(file, name, split) for file in files]
            empty += [] if files else [path / name]
    found = {photo.label for photo in photos}
    photos = [photo for photo in photos if not classes or photo.label in classes]
    scanner.skip([path for path in empty if path.name not in found], "a folder without photos")
    skipped = tuple(sorted(scanner.skipped, key=lambda entry: entry.file))
    tree = Tree(root, tuple(folders), tuple(sorted(found)), tuple(sorted(photos)), skipped)
    _check(tree, folders, sorted(found & {*classes}) if classes else sorted(found))
    return tree


def _split_folders(root: Path, top: Sequence[str]) -> dict[str | None, Path]:
    """The folder of each split, in the order of `SPLITS`; the root where there are no splits."""
    named = [(SPLIT_FOLDERS[name.lower()], name) for name in top if name.lower() in SPLIT_FOLDERS]
    folders = {split: [root / name for own, name in named if own == split] for split in SPLITS}
    if not folders[TRAIN] or not (folders[VAL] or folders[TEST]):
        return {None: root}
    if several := next((paths for paths in folders.values() if len(paths) > 1), None):
        raise SourceError(f"{root} has several folders for one split: {', '.join(map(str, several))}; keep one.")
    return {split: paths[0] for split, paths in folders.items() if paths}


class _Scanner:
    """Lists folders and notes what it skips."""

    def __init__(self, root: Path, *, follow_links: bool) -> None:
        self.skipped: list[Refused] = []
        self._root, self._real, self._follow_links = root, root.resolve(), follow_links

    def folders(self, path: Path) -> list[str]:
        """The names of the folders in a folder."""
        entries = self.entries(path)
        self.skip([entry for entry in entries if not entry.is_dir()], "not in a class's folder")
        return [entry.name for entry in entries if entry.is_dir()]

    def classes(self, path: Path, *, nested: bool) -> Iterator[tuple[str, list[str]]]:
        """The classes in a folder and their photos, relative to the tree."""
        for name in self.folders(path):
            for folder, files in self._class(path / name, [path.resolve()], nested=nested):
                yield folder.relative_to(path).as_posix(), files

    def _class(self, path: Path, above: Sequence[Path], *, nested: bool) -> Iterator[tuple[Path, list[str]]]:
        entries = self.entries(path)
        inner = [entry for entry in entries if entry.is_dir()]
        photos = self._photos([entry for entry in entries if not entry.is_dir()])
        if photos or not (nested and inner):
            yield path, photos
        if not nested:
            self.skip(inner, "a folder in a class's folder")
            return
        above = [*above, path.resolve()]
        self.skip([entry for entry in inner if entry.resolve() in above], "a link in a circle")
        for entry in inner:
            if entry.resolve() not in above:
                yield from self._class(entry, above, nested=True)

    def _photos(self, files: Sequence[Path]) -> list[str]:
        self.skip([entry for entry in files if entry.suffix.lower() not in SUFFIXES], "no photo by its suffix")
        photos = [entry for entry in files if entry.suffix.lower() in SUFFIXES]
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
        if is_hidden(entry.name):
            return "hidden"
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            return "its name is not valid UTF-8"
        try:
            real = entry.resolve(strict=True) if entry.is_symlink() else self._real
        except (OSError, RuntimeError):  # it leads nowhere, or in a circle
            return "a broken link"
        return "" if self._follow_links or real.is_relative_to(self._real) else "a link that leaves the folder"

    def _name(self, entry: Path) -> str:
        return as_text(entry.relative_to(self._root).as_posix())


def _check_half(root: Path, top: Sequence[str]) -> None:
    """Refuses a tree with the one split only; a class may be called `train`, though: it holds photos itself."""
    for name in top:
        if SPLIT_FOLDERS.get(name.lower()) not in {TRAIN, VAL}:
            continue
        held = _Scanner(root, follow_links=False).entries(root / name)
        if held and all(entry.is_dir() for entry in held):
            other = VAL if name.lower() == TRAIN else TRAIN
            raise SourceError(
                f"{root} has a folder {name} with classes in it, but no {other}; give {root / name} to have its photos "
                f"split by the quotas, or add {other}."
            )


def _check(tree: Tree, folders: Mapping[str | None, Path], chosen: Sequence[str]) -> None:
    hint = f" Skipped: {tree.skipped[0].file}: {tree.skipped[0].reason}." if tree.skipped else ""
    if not tree.classes:
        raise SourceError(f"{tree.root} holds no photos; {LAYOUT}.{hint}")
    if len(tree.classes) == 1:
        raise SourceError(
            f"{tree.root} holds one class only, {tree.classes[0]!r}; at least two are needed: {LAYOUT}.{hint}"
        )
    filled = {(photo.split, photo.label) for photo in tree.photos}
    for split, path in folders.items():
        for name in chosen:
            if (split, name) not in filled and split != TEST:
                raise SourceError(
                    f"class {name!r} is empty: {path / name} holds no photos ({', '.join(SUFFIXES)}). Put some there, "
                    f"remove the class, or name the others in data.classes.{hint}"
                )
