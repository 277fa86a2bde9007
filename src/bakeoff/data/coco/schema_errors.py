"""What is wrong with an instances file's JSON, in words."""

import re
from collections.abc import Callable

import msgspec

from bakeoff.data.coco.scanning import is_whole

FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises where it can't decode a text."""
WANTED = "a COCO instances file (images, annotations with boxes, categories) is needed"
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff")


class Unusable(Exception):
    """An instances file can't be used; the message is a clause that says why."""


class _AnnotationShape(msgspec.Struct):
    segments_info: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    caption: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Shape(msgspec.Struct):
    annotations: list[_AnnotationShape] | msgspec.UnsetType = msgspec.UNSET
    images: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    categories: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def foreign(beginning: bytes | bytearray) -> str | None:
    """What a file is that does not begin as a JSON object in UTF-8 does, where it is a known kind of file."""
    if beginning[:2] in UTF_16_OR_32 or b"\0" in beginning[:4]:
        return "its text is UTF-16 or UTF-32; save it as UTF-8"
    if beginning.lstrip()[:1] == b"[":
        return f"it holds a list, as COCO results files do; {WANTED}"
    return None


def explain(
    error: Exception, text: bytes | bytearray, place: Callable[[int], int] = int, entries: int | None = None
) -> str:
    """Why a text can't be decoded.

    Args:
        error: What msgspec raised.
        text: The whole document, or a list of annotations.
        place: From a place in the text to one in the file.
        entries: Of a list of annotations how many stand in the file before it.
    """
    if isinstance(error, msgspec.ValidationError):
        return _other_format(text, entries) or _explain_entry(str(error), entries or 0)
    if isinstance(error, UnicodeDecodeError):
        return "its text is not UTF-8; save it as UTF-8"
    if isinstance(error, RecursionError):
        return "its JSON is nested too deeply for an instances file"
    return _explain_syntax(str(error), text, place, fault(error, len(text)))


def fault(error: Exception, default: int) -> int:
    """The place in its text that an error names."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    return int(found[1]) if found else default


def cut_off(length: int) -> str:
    """The message for a file that ends too early, after so many bytes."""
    return f"its JSON is cut off after {length:,} bytes; download or export it again"


def _other_format(text: bytes | bytearray, entries: int | None) -> str | None:
    """What the file is instead, where it is a known kind of file."""
    try:
        if entries is None:
            shape = msgspec.json.decode(text, type=_Shape)
        else:
            shape = _Shape(msgspec.json.decode(text, type=list[_AnnotationShape]), msgspec.Raw(), msgspec.Raw())
    except (msgspec.MsgspecError, RecursionError):
        return None
    first = shape.annotations[0] if isinstance(shape.annotations, list) and shape.annotations else None
    if first is not None and first.segments_info is not msgspec.UNSET:
        return f"it is a COCO panoptic file; {WANTED}, such as instances_train2017.json"
    if first is not None and first.caption is not msgspec.UNSET:
        return f"it is a COCO captions file; {WANTED}, such as instances_train2017.json"
    missing = [key for key in ("images", "annotations", "categories") if getattr(shape, key) is msgspec.UNSET]
    return f"it has no {' and no '.join(missing)}; {WANTED}" if missing else None


def _explain_entry(message: str, before: int) -> str:
    """The validation's message with the place first: `annotations[3] has no "image_id"`."""
    problem, _, place = message.partition(" - at `$")
    place = place.rstrip("`").lstrip(".") or "the file"
    place = re.sub(r"^\[(\d+)\]", lambda number: f"annotations[{before + int(number[1])}]", place)
    if missing := re.search(r"missing required field `(.*)`", problem):
        return f'{place} has no "{missing[1]}"'
    return f"{place}: {problem[0].lower()}{problem[1:]}".replace("`", "")


def _explain_syntax(message: str, text: bytes | bytearray, place: Callable[[int], int], byte: int) -> str:
    truncated = "truncated" in message
    if "surrogate" in message or (truncated and is_whole(text)):
        return r"one of its texts has half of a surrogate pair (\ud800 to \udfff), which is no character; correct it"
    if truncated or byte >= len(text):  # the latter: cut off within a number, such as after its minus
        return cut_off(place(len(text)))
    if text[byte : byte + 3] in (b"NaN", b"Inf"):
        return f"it holds NaN or Infinity at byte {place(byte):,}, which JSON has not; put a number or null there"
    problem = re.sub(r"\(byte \d+\)", f"(byte {place(byte):,})", message)
    return f"it is not JSON ({problem}); give the COCO instances file, such as instances_train2017.json"
