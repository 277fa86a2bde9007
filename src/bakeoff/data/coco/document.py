"""An instances file's JSON: the list of annotations in pieces, the rest as one document."""

import re
from collections.abc import Callable, Iterator

import msgspec

from bakeoff.data.coco.entries import Annotation, Document
from bakeoff.data.coco.schema_errors import FAILURES, Unusable, explain, fault, foreign
from bakeoff.data.coco.stream import AnnotationList

BOM = b"\xef\xbb\xbf"
KEY = re.compile(rb'"annotations"(?<!\\"annotations")\s*:\s*\[')  # not at the end of a longer name
BEGINNING = 4
"""Bytes that tell a text's encoding."""
OVERLAP = 64
"""Bytes that are searched again for the key, which may be cut; with more white space in it, the whole is decoded."""
LARGEST_REST = 512 * 2**20
"""Bytes beside the annotations; train2017's 118,287 images take 33 million."""
ONLY = Annotation(id=-(2**63), image_id=-(2**63), category_id=-(2**63), bbox=(0.0, 0.0, 0.0, 0.0))
"""Stands for all annotations where the rest is decoded."""

Take = Callable[[list[Annotation]], None]


class _Object(msgspec.Struct):
    """Any JSON object."""


def read_document(pieces: Iterator[bytes], take: Take) -> Document:
    """Decodes an instances file.

    Args:
        pieces: Its text, UTF-8 with or without a byte order mark, cut anywhere.
        take: Is given the annotations, list after list, in the order of the file.

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
        return _read_whole(_join(head, pieces), mark, take)
    annotations = AnnotationList(head[begin - 1 :], mark + begin - 1, pieces)
    del head[begin:]
    for block in annotations.blocks():
        take(block)
    head += msgspec.json.encode(ONLY)
    behind = annotations.offset - len(head)
    _extend(head, annotations.text)
    document = _decode(_join(head, pieces), lambda place: place + (mark if place < begin else behind))
    if document.annotations != [ONLY]:
        raise Unusable("it has more than one list of annotations; keep one of them")
    document.annotations = []
    return document


def _find_list(head: bytearray, pieces: Iterator[bytes], mark: int) -> int | None:
    """Reads on until the list of annotations begins; the place behind its `[`.

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
            raise Unusable(explain(error, head, lambda place: place + mark)) from None
        return None
    return key.end()


def _read_whole(text: bytearray, mark: int, take: Take) -> Document:
    if not text.strip():
        raise Unusable("it is empty; download or export it again")
    document = _decode(text, lambda place: place + mark)
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
        raise Unusable(f"it has more than {LARGEST_REST:,} bytes beside its annotations; no instances file has")


def _decode(text: bytearray, place: Callable[[int], int]) -> Document:
    try:
        return msgspec.json.decode(text, type=Document)
    except FAILURES as error:
        raise Unusable(explain(error, text, place)) from None
