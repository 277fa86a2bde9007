"""A list of annotations that comes in pieces: its polygons are never in memory all at once.

Where the list can be cut is guessed, and the parser proves the guess: it reads from left to right, so that a text which
is a whole list with `]` behind it ends between two entries. Where a guess fails, brackets are counted.
"""

import re
from collections.abc import Iterator

import msgspec

from bakeoff.data.coco.entries import Annotation
from bakeoff.data.coco.scanning import find_cut
from bakeoff.data.coco.schema_errors import FAILURES, Unusable, cut_off, explain

BETWEEN = re.compile(rb"\}\s*(,)\s*(?=\{)")
WINDOW = 2**14
"""Bytes at the end of a text in which a cut is guessed."""
LARGEST_ENTRY = 16 * 2**20
"""Bytes; the mask of a crowd in a photo of 4,000 pixels a side takes about a tenth of that."""

_decoder = msgspec.json.Decoder(list[Annotation])


class AnnotationList:
    """The list of annotations.

    Attributes:
        text: What is not decoded yet, behind a `[`; when all is, the list's `]` and what was read behind it.
        offset: The place of `text` in the file.
    """

    def __init__(self, text: bytearray, offset: int, pieces: Iterator[bytes]) -> None:
        """Takes the text from the list's `[` on as far as it was read, its place, and the pieces that follow."""
        self.text, self.offset = text, offset
        self._pieces, self._count = pieces, 0

    def blocks(self) -> Iterator[list[Annotation]]:
        """All entries in turn, in lists of any length.

        Raises:
            Unusable: The text is cut off or not JSON, or an entry is no annotation with a box.
        """
        ended = False
        while not ended:
            cut = self._guess()
            entries = self._try(cut) if cut else None
            if not entries:
                cut, ended = self._find()
                entries = self._decode(cut)
            yield entries
            self._count += len(entries)
            self.offset += cut
            if ended:
                del self.text[:cut]
            else:
                del self.text[1 : cut + 1]
                self.text += next(self._pieces, b"")

    def _guess(self) -> int:
        """The place of what looks like the last comma between two entries; 0 where nothing does."""
        cut = 0
        for found in BETWEEN.finditer(self.text, max(1, len(self.text) - WINDOW)):
            cut = found.start(1)
        return cut

    def _try(self, cut: int) -> list[Annotation] | None:
        """The entries before a cut, if it is one."""
        kept, self.text[cut] = self.text[cut], ord("]")
        try:
            with memoryview(self.text) as whole, whole[: cut + 1] as part:
                return _decoder.decode(part)
        except FAILURES:
            return None
        finally:
            self.text[cut] = kept

    def _find(self) -> tuple[int, bool]:
        """As `find_cut`; reads on as long as there is none."""
        while (found := find_cut(self.text)) is None:
            if len(self.text) > LARGEST_ENTRY:
                raise Unusable(f"annotations[{self._count}] takes more than {LARGEST_ENTRY:,} bytes; none does")
            if not self._double():
                _ = self._decode(len(self.text))
                raise Unusable(cut_off(self.offset + len(self.text)))
        return found

    def _double(self) -> bool:
        """Reads as much again, so that what is searched anew stays in proportion; whether there was more."""
        size = len(self.text)
        while len(self.text) < 2 * size and (piece := next(self._pieces, b"")):
            self.text += piece
        return len(self.text) > size

    def _decode(self, cut: int) -> list[Annotation]:
        """The entries before a cut that is one."""
        part = bytes(self.text[:cut]) + b"]" * (cut < len(self.text))
        try:
            return _decoder.decode(part)
        except FAILURES as error:
            raise Unusable(explain(error, part, lambda place: self.offset + place, self._count)) from None
