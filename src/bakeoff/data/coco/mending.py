"""Entries that are not as COCO has them: read where their meaning is clear, else dropped; either way counted."""

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import polars as pl

from bakeoff.data.coco.entries import NO_ID, Annotation, Category, Document, Image, LicenseEntry, document_type
from bakeoff.data.coco.masks import Box, box_of
from bakeoff.data.coco.schema_errors import WANTED, Unusable
from bakeoff.data.index import Problem, examples

Entry = Mapping[str, object]
Read = TypeVar("Read", Annotation, Category, Image)

LARGEST_ID = 2**63 - 1
NO_BOX = (math.nan,) * 4
LONGEST = 40
"""Characters of a value that a message shows."""

WORDS = {
    "mask": "annotations have a mask and no box; the box around the mask is taken",
    "url-name": "images have no file_name; the path of their coco_url is taken",
    "bad-license": "images name a licence by a text; it is left out",
}


class _UnusableEntry(Exception):
    """Why an entry can't be used, said behind its place in the file."""


class Mender:
    """Reads what the strict decoder refuses: text and float ids, numbers as texts, nulls, masks without boxes.

    Attributes:
        document_type: What a document is decoded as.
        problems: What was dropped or mended so far.
    """

    def __init__(self, group_field: str = "") -> None:
        self.document_type = document_type(group_field)
        self._group_field = group_field
        self._bad: dict[str, list[str]] = {}
        self._mended: Counter[str] = Counter()
        self._texts: dict[str, dict[str, int]] = {"image": {}, "category": {}}

    @property
    def problems(self) -> list[Problem]:
        dropped = [
            Problem("bad-entry", len(bad), f"{len(bad):,} {section} can't be used ({examples(bad)}): dropped")
            for section, bad in self._bad.items()
        ]
        mended = [Problem(code, count, f"{count:,} {WORDS[code]}") for code, count in self._mended.items() if count]
        texts = [
            Problem("text-id", len(ids), f"{len(ids):,} ids of {what} are texts ({_quoted(ids)}): numbered anew")
            for what, ids in (("images", self._texts["image"]), ("categories", self._texts["category"]))
            if ids
        ]
        return dropped + mended + texts

    def annotations(self, entries: Sequence[object], before: int) -> list[Annotation]:
        """The annotations that can be used; `before` are how many the file has before them."""
        return self._read("annotations", entries, self._annotation, before)

    def document(self, content: Entry, before: int) -> Document:
        """The document of a decoded text, in which the three lists are there."""
        lists = {key: _list(content, key) for key in ("images", "annotations", "categories", "licenses")}
        return Document(
            self._read("images", lists["images"], self._image),
            self.annotations(lists["annotations"], before),
            self._read("categories", lists["categories"], self._category),
            _licenses(lists["licenses"]),
        )

    def check(self, document: Document, annotations: int) -> None:
        """Raises `Unusable` where of the images, annotations or categories none can be used."""
        counts = {"images": len(document.images), "annotations": annotations, "categories": len(document.categories)}
        for section, bad in self._bad.items():
            if not counts[section]:
                raise Unusable(bad[0])

    def number_texts(self, document: Document, annotations: pl.DataFrame) -> pl.DataFrame:
        """Counts the ids that are texts on from the largest number, in the order of the texts; in the document, too."""
        for what, entries in (("image", document.images), ("category", document.categories)):
            texts = self._texts[what]
            if not texts:
                continue
            stand_ins = {*texts.values()}
            largest = max((entry.id for entry in entries if entry.id not in stand_ins), default=0)
            new = {texts[text]: min(largest, 2**62) + place for place, text in enumerate(sorted(texts), 1)}
            for entry in entries:
                entry.id = new.get(entry.id, entry.id)
            annotations = annotations.with_columns(pl.col(f"{what}_id").replace(new))
        return annotations

    def _read(
        self, section: str, entries: Sequence[object], read: Callable[[Entry], Read], before: int = 0
    ) -> list[Read]:
        found = []
        for place, entry in enumerate(entries, before):
            try:
                if not isinstance(entry, dict):
                    raise _UnusableEntry("is no object")
                found.append(read(entry))
            except _UnusableEntry as error:
                self._bad.setdefault(section, []).append(f"{section}[{max(0, place)}] {error}")
        return found

    def _annotation(self, entry: Entry) -> Annotation:
        own, crowd = _whole(number(entry.get("id"))), entry.get("iscrowd")
        return Annotation(
            id=NO_ID if own is None else own,
            image_id=self._id(entry, "image_id", "image"),
            category_id=self._id(entry, "category_id", "category"),
            bbox=self._box(entry),
            area=number(entry.get("area")),
            iscrowd=crowd is True or bool(number(crowd)),
        )

    def _box(self, entry: Entry) -> Box:
        """The box, or that of the mask, or `NO_BOX`."""
        given = entry.get("bbox")
        if given in (None, []):
            found = box_of(entry.get("segmentation"))
            self._mended["mask"] += found is not None
            return found or NO_BOX
        values = given if isinstance(given, list) else []
        numbers = [math.nan if value is None else number(value) for value in values]
        if len(numbers) != len(NO_BOX) or None in numbers:
            raise _UnusableEntry(f"has the bbox {str(given)[:LONGEST]}, which is no list of four numbers")
        return tuple(numbers)  # type: ignore[return-value]  # four numbers

    def _image(self, entry: Entry) -> Image:
        url, license_id = _text(entry, "coco_url", None), number(entry.get("license"))
        if entry.get("file_name") in (None, "") and url:
            entry = {**entry, "file_name": urlsplit(url).path.lstrip("/")}
            self._mended["url-name"] += 1
        self._mended["bad-license"] += license_id is None and entry.get("license") not in (None, "")
        width, height = (_whole(number(entry.get(side))) for side in ("width", "height"))
        own, name, group = self._id(entry, "id", "image"), _name(entry, "file_name"), entry.get(self._group_field)
        known = group if isinstance(group, str | int | float) else None
        return Image(own, name, width, height, _whole(license_id), url, known)

    def _category(self, entry: Entry) -> Category:
        return Category(self._id(entry, "id", "category"), _name(entry, "name"), _text(entry, "supercategory"))

    def _id(self, entry: Entry, key: str, what: str) -> int:
        """A number as it is, a text as a stand-in that depends on nothing but the text."""
        value = entry.get(key)
        own = _whole(number(value))
        if own is not None:
            return own
        if not isinstance(value, str) or not value.strip():
            raise _UnusableEntry(_why(entry, key))
        digest = hashlib.sha256(value.encode(errors="surrogatepass")).digest()
        return self._texts[what].setdefault(value, -(int.from_bytes(digest[:7]) + 2**60))


def number(value: object) -> float | int | None:
    """A finite number, also one written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    largest = sys.float_info.max  # an integer can be larger; NaN compares with nothing
    return value if isinstance(value, int | float) and -largest <= value <= largest else None


def _whole(value: float | int | None) -> int | None:
    if value is None or value != int(value) or not -LARGEST_ID - 1 <= value <= LARGEST_ID:
        return None
    return int(value)


def _name(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if value in (None, "") or not isinstance(value, str | int | float):
        raise _UnusableEntry(_why(entry, key))
    return str(value)


def _text(entry: Entry, key: str, default: str | None = "") -> str | None:
    value = entry.get(key, default)
    return value if value is None or isinstance(value, str) else default


def _list(content: Entry, key: str) -> list[object]:
    value = content.get(key) or []
    if not isinstance(value, list):
        raise Unusable(f'"{key}" is no list; {WANTED}')
    return value


def _licenses(entries: Sequence[object]) -> list[LicenseEntry]:
    """Those with a number as their id."""
    found = [(_whole(number(entry.get("id"))), entry) for entry in entries if isinstance(entry, dict)]
    return [LicenseEntry(own, _text(entry, "name"), _text(entry, "url")) for own, entry in found if own is not None]


def _why(entry: Entry, key: str) -> str:
    return f'has no "{key}"' if entry.get(key) in (None, "") else f"has the {key} {str(entry[key])[:LONGEST]!r}"


def _quoted(texts: Mapping[str, int]) -> str:
    return examples([repr(text) for text in sorted(texts)])
