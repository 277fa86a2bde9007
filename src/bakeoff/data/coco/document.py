"""An instances file's JSON: the list of annotations in pieces, the rest as one document.

Nothing in a COCO file says where an annotation ends. A cut is guessed, a `]` put there, and the parser judges: it reads
from left to right, so that a text which is a whole list with `]` behind it ends between two entries. The polygons are
so never in memory all at once. What no guess divides is decoded with the rest.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from bakeoff.data.coco.entries import Annotation, Document
from bakeoff.data.coco.mending import Mender
from bakeoff.data.coco.schema_errors import FAILURES, Unusable, explain, fault, foreign, other_format

BOM = b"\xef\xbb\xbf"
KEY = re.compile(rb'"annotations"(?<!\\"annotations")\s*:\s*\[')  # not at the end of a longer name
BETWEEN = re.compile(rb"\}\s*(,)\s*(?=\{)")
BEGINNING = 4
"""Bytes that show a text's encoding."""
OVERLAP = 64
"""Bytes that are searched again for the key, which may be cut; with more white space in it, the whole is decoded."""
WINDOW = 2**14
"""Bytes at the end of a text in which a cut is guessed."""
LARGEST_REST = 512 * 2**20
"""Bytes beside the annotations; train2017's 118,287 images take 33 million."""
ONLY = Annotation(id=-(2**63), image_id=-(2**63), category_id=-(2**63), bbox=(0.0, 0.0, 0.0, 0.0))
"""Stands for the annotations that were decoded before where the rest is; so it shows that there is only one list."""

Take = Callable[[list[Annotation]], None]
_decoder = msgspec.json.Decoder(list[Annotation])


class _Object(msgspec.Struct):
    """Any JSON object."""


def read_document(pieces: Iterator[bytes], take: Take, mender: Mender) -> Document:
    """Decodes an instances file.

    Args:
        pieces: Its text, UTF-8 with or without a byte order mark, cut anywhere.
        take: Is given the annotations, list after list, in the order of the file.
        mender: Reads the entries of a part that the decoder refuses.

    Returns:
        The document without its annotations.

    Raises:
        Unusable: The text is not JSON, cut off, or not a COCO instances file; the message says which and where.
    """
    head = bytearray()
    while len(head) < BEGINNING and (piece := next(pieces, b"")):
        head += piece
    if problem := foreign(head):
        raise Unusable(problem)
    mark = len(BOM) if head.startswith(BOM) else 0
    del head[:mark]
    begin = _find_list(head, pieces, mark)
    if begin is None:
        return _read_whole(_join(head, pieces), mark, take, mender)
    text = head[begin:]
    del head[begin:]
    count, read = _read_blocks(text, pieces, take, mender)
    return _read_rest(head, text, count, mark, mark + begin + read, take, mender)


def _find_list(head: bytearray, pieces: Iterator[bytes], mark: int) -> int | None:
    """Reads on until the list of annotations begins; the position behind its `[`.

    None where there is no list, or where something within the document has one of this name first.
    """
    start = 0
    while (key := KEY.search(head, start)) is None:
        start = max(0, len(head) - OVERLAP)
        if not (piece := next(pieces, b"")):
            return None
        _extend(head, piece)
    try:
        msgspec.json.decode(head[: key.start()] + b'"":0}', type=_Object)  # proves that the key is the document's
    except FAILURES as error:
        if fault(error, key.start()) < key.start():
            raise Unusable(explain(error, head, lambda position: position + mark)) from None
        return None
    return key.end()


def _read_blocks(text: bytearray, pieces: Iterator[bytes], take: Take, mender: Mender) -> tuple[int, int]:
    """Takes the list's entries as far as cuts are found, and leaves the rest of the file in `text`.

    Returns:
        How many entries were taken, and how many bytes they have.
    """
    count = read = wait = 0
    while True:
        if len(text) >= wait:
            cut = max((found.start(1) for found in BETWEEN.finditer(text, max(0, len(text) - WINDOW))), default=0)
            entries, taken = _decode_entries(text[:cut], count, mender) if cut else ([], 0)
            take(entries)
            count, read = count + taken, read + (cut + 1 if taken else 0)
            del text[: cut + 1 if taken else 0]
            wait = 0 if taken else 2 * len(text)  # so that what is decoded again stays in proportion
        if not (piece := next(pieces, b"")):
            return count, read
        _extend(text, piece)


def _decode_entries(text: bytearray, before: int, mender: Mender) -> tuple[list[Annotation], int]:
    """The entries of a text that ends between two of them, and how many stand there; none where it does not."""
    block = b"".join((b"[", text, b"]"))
    try:
        entries = _decoder.decode(block)
        return entries, len(entries)
    except msgspec.ValidationError:
        return _mend_entries(block, before, mender)
    except FAILURES:
        return [], 0


def _mend_entries(block: bytes, before: int, mender: Mender) -> tuple[list[Annotation], int]:
    try:
        found = msgspec.json.decode(block, type=list[object])
    except FAILURES:
        return [], 0
    if problem := other_format(block):
        raise Unusable(problem)
    return mender.annotations(found, before), len(found)


def _read_rest(
    head: bytearray, text: bytearray, count: int, mark: int, offset: int, take: Take, mender: Mender
) -> Document:
    """Decodes what is before the list together with what is left of it, and what is behind it."""
    begin = len(head)
    head += msgspec.json.encode(ONLY)
    head += b"" if text.lstrip()[:1] == b"]" and not count else b","
    behind = offset - len(head)
    _extend(head, text)
    text.clear()
    document = _decode(head, lambda position: position + (mark if position < begin else behind), count - 1, mender)
    if document.annotations[:1] != [ONLY]:
        raise Unusable("it has more than one list of annotations; keep one of them")
    take(document.annotations[1:])
    document.annotations = []
    return document


def _read_whole(text: bytearray, mark: int, take: Take, mender: Mender) -> Document:
    if not text.strip():
        raise Unusable("it is empty; download or export it again")
    document = _decode(text, lambda position: position + mark, 0, mender)
    take(document.annotations)
    document.annotations = []
    return document


def _join(text: bytearray, pieces: Iterator[bytes]) -> bytearray:
    for piece in pieces:
        _extend(text, piece)
    return text


def _extend(text: bytearray, piece: bytes | bytearray) -> None:
    text += piece
    if len(text) > LARGEST_REST:
        raise Unusable(
            f"it has more than {LARGEST_REST:,} bytes beside its annotations, or in one of them; no instances file has"
        )


def _decode(text: bytearray, position: Callable[[int], int], before: int, mender: Mender) -> Document:
    try:
        try:
            return msgspec.json.decode(text, type=mender.document_type)
        except msgspec.ValidationError:
            content = msgspec.json.decode(text, type=dict[str, object])
    except FAILURES as error:
        raise Unusable(explain(error, text, position)) from None
    if problem := other_format(text):
        raise Unusable(problem)
    return mender.document(content, before)
