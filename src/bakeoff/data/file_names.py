"""File names in annotations, as tools of all systems write them, and the files that they mean."""

import difflib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl

Parts = tuple[str, ...]


def spelling(names: pl.Expr) -> pl.Expr:
    """One spelling of names of the same file: slashes, no `.` and no empty folder, Unicode composed (NFC)."""
    slashes = names.str.normalize("NFC").str.replace_all("\\", "/", literal=True)
    return slashes.str.replace_all("//+", "/").str.replace_all(r"(^|/)(\./)+", "$1")


class Found(NamedTuple):
    """The file that a name means.

    Attributes:
        file: Its path, relative to the folder of photos.
        parts: The name's own folders and name, as they were compared.
        whole: Whether these are all of the file's.
    """

    file: str
    parts: Parts
    whole: bool


class Listing:
    """The files that there are, to be found by names that are written otherwise.

    A name is compared from its end, whatever its separators, case, percent-encoding and Unicode form: an absolute path,
    a URL or `../photos/a.jpg` can so mean a file, but never one outside of the listing.
    """

    def __init__(self, files: Iterable[str]) -> None:
        self._by_name: dict[str, list[tuple[Parts, str]]] = defaultdict(list)
        for file in files:
            parts = _parts(file)
            self._by_name[parts[-1] if parts else ""].append((parts, file))

    def resolve(self, names: Sequence[str], exact: Collection[str]) -> dict[str, str]:
        """By name the one file that it means, as far as this is clear.

        Args:
            names: Names of which no file has quite the same.
            exact: Files that other names mean. A name that shares only its last parts with a file is not taken to mean
                it where another one does.
        """
        found = {name: one for name in names if (one := self._find(name))}
        claims = defaultdict[str, set[Parts]](set)
        for one in found.values():
            claims[one.file].add(one.parts)
        return {
            name: one.file
            for name, one in found.items()
            if one.whole or (len(claims[one.file]) == 1 and one.file not in exact)
        }

    def nearest(self, name: str) -> str | None:
        """The file whose name is most like this one's: the same but for its ending, or the beginning, or else."""
        last = next(_readings(name), ("",))[-1]
        stem = last.rpartition(".")[0] or last
        same = [known for known in self._by_name if known.rpartition(".")[0] == stem or known in last]
        near = same or difflib.get_close_matches(last, self._by_name, n=1)
        return self._by_name[near[0]][0][1] if near else None

    def _find(self, name: str) -> Found | None:
        for parts in _readings(name):
            rows = [(_common(parts, own), own, file) for own, file in self._by_name.get(parts[-1], ())]
            most = max((row[0] for row in rows), default=0)
            best = [row for row in rows if row[0] == most]
            if len(best) == 1:
                return Found(best[0][2], parts, best[0][1] == parts)
        return None


def _readings(name: str) -> Iterator[Parts]:
    """What a name may mean: itself; the path or the parameter `d` of a URL (Label Studio); percent-encoding undone."""
    texts = [name]
    if "://" in name or "?d=" in name:
        try:
            url = urlsplit(name)
        except ValueError:
            return
        texts = [*parse_qs(url.query).get("d", []), url.path]
    for reading in dict.fromkeys(reading for text in texts for reading in (text, unquote(text))):
        if parts := _parts(reading):
            yield parts


def _parts(text: str) -> Parts:
    names = unicodedata.normalize("NFC", text).casefold().replace("\\", "/").split("/")
    return tuple(name for name in names if name not in {"", ".", ".."} and not name.endswith(":"))


def _common(first: Parts, second: Parts) -> int:
    """How many parts are the same, from the end."""
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return count
