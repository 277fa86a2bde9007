"""What is wrong with an instances file's JSON, in words."""

import re
from collections.abc import Callable

import msgspec

FAILURES = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises where it can't decode a text."""
WANTED = "a COCO instances file (images, annotations with boxes, categories) is needed"
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff")
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


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


def explain(error: Exception, text: bytes | bytearray, position: Callable[[int], int] = int) -> str:
    """Why a text can't be decoded.

    Args:
        error: What msgspec raised.
        text: The document, or a list of annotations.
        position: From a byte's position in the text to its position in the file.
    """
    if isinstance(error, msgspec.ValidationError):
        return f"{str(error).replace('`', '')}; {WANTED}"
    if isinstance(error, UnicodeDecodeError):
        return "its text is not UTF-8; save it as UTF-8"
    if isinstance(error, RecursionError):
        return "its JSON is nested too deeply for an instances file"
    return _explain_syntax(str(error), text, position, fault(error, len(text)))


def fault(error: Exception, default: int) -> int:
    """The position in its text that an error names."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    return int(found[1]) if found else default


def other_format(text: bytes | bytearray) -> str | None:
    """What the file is instead, where it is a known kind of file."""
    try:
        if text[:1] == b"[":
            shape = _Shape(msgspec.json.decode(text, type=list[_AnnotationShape]), msgspec.Raw(), msgspec.Raw())
        else:
            shape = msgspec.json.decode(text, type=_Shape)
    except (msgspec.MsgspecError, RecursionError):
        return None
    entries = shape.annotations[:2] if isinstance(shape.annotations, list) else []  # the first may be a stand-in
    for kind, key in (("panoptic", "segments_info"), ("captions", "caption")):
        if any(getattr(entry, key) is not msgspec.UNSET for entry in entries):
            return f"it is a COCO {kind} file; {WANTED}, such as instances_train2017.json"
    missing = [key for key in ("images", "annotations", "categories") if getattr(shape, key) is msgspec.UNSET]
    return f"it has no {' and no '.join(missing)}; {WANTED}" if missing else None


def _explain_syntax(message: str, text: bytes | bytearray, position: Callable[[int], int], byte: int) -> str:
    truncated = "truncated" in message
    if "surrogate" in message or (truncated and _is_whole(text)):
        return r"one of its texts has half of a surrogate pair (\ud800 to \udfff), which is no character; correct it"
    if truncated or byte >= len(text):  # the latter: cut off within a number, such as after its minus
        return f"its JSON is cut off after {position(len(text)):,} bytes; download or export it again"
    if text[byte : byte + 3] in (b"NaN", b"Inf"):
        return f"it holds NaN or Infinity at byte {position(byte):,}, which JSON has not; put a number or null there"
    problem = re.sub(r"\(byte \d+\)", f"(byte {position(byte):,})", message)
    return f"it is not JSON ({problem}); give the COCO instances file, such as instances_train2017.json"


def _is_whole(text: bytes | bytearray) -> bool:
    """Whether all of a text's strings and brackets end in it."""
    outside = STRING.sub(b"", text)
    return b'"' not in outside and sum(map(outside.count, (b"[", b"{"))) == sum(map(outside.count, (b"]", b"}")))
