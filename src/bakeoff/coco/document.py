"""The JSON of an instances file, decoded by type: what is not named here (segmentation above all) is skipped."""

import difflib
import re
from pathlib import Path
from typing import Annotated

import msgspec

from bakeoff.errors import AnnotationsError

BOM = b"\xef\xbb\xbf"
PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")
"""How gzip, zip and zstd files begin."""

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of 64-bit integers holds."""


class Image(msgspec.Struct, gc=False):
    """An entry of `images`."""

    id: Id
    file_name: str
    width: int
    height: int
    license: Id | None = None
    coco_url: str | None = None


class Annotation(msgspec.Struct, gc=False):
    """An entry of `annotations`; `area` is in square pixels, `bbox` is x, y, width, height in pixels."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float | None = None
    iscrowd: bool | Id = 0


class Category(msgspec.Struct, gc=False):
    """An entry of `categories`."""

    id: Id
    name: str
    supercategory: str = ""


class LicenseEntry(msgspec.Struct, gc=False):
    """An entry of `licenses`."""

    id: Id
    name: str = ""
    url: str = ""


class Document(msgspec.Struct, gc=False):
    """An instances file."""

    images: list[Image]
    annotations: list[Annotation]
    categories: list[Category]
    licenses: list[LicenseEntry] = []


class _AnnotationShape(msgspec.Struct):
    segments_info: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    caption: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    bbox: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Shape(msgspec.Struct):
    annotations: list[_AnnotationShape] | msgspec.UnsetType = msgspec.UNSET
    images: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    categories: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_bytes(path: Path) -> bytes:
    """The bytes of an annotations file.

    Raises:
        AnnotationsError: It is missing, empty, a folder, or can't be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, _neighbours(path), n=3)
        hint = f" There is {', '.join(near)} in {path.parent}." if near else ""
        raise AnnotationsError(f"annotations file {path} does not exist.{hint} Give --annotations PATH.") from None
    except IsADirectoryError:
        raise AnnotationsError(f"{path} is a folder; give the instances file in it.") from None
    except (OSError, ValueError) as error:  # ValueError: the path holds a null character
        reason = getattr(error, "strerror", None) or error
        raise AnnotationsError(f"annotations file {path} can't be read: {reason}. Give --annotations PATH.") from None
    if not raw.strip():
        raise AnnotationsError(f"annotations file {path} is empty; download or export it again.")
    return raw


def decode(raw: bytes, path: Path) -> Document:
    """The document in these bytes.

    Args:
        raw: UTF-8 JSON, with or without a byte order mark.
        path: Where they come from, for messages.

    Raises:
        AnnotationsError: They are not JSON, cut off, or not a COCO instances file; the message says which and where.
    """
    raw = raw.removeprefix(BOM)
    try:
        return msgspec.json.decode(raw, type=Document)
    except msgspec.ValidationError as error:
        problem = _other_format(raw) or _explain(str(error))
    except msgspec.DecodeError as error:
        problem = _explain_syntax(raw, str(error))
    except UnicodeDecodeError:
        problem = "its text is not UTF-8; save it as UTF-8"
    except RecursionError:
        problem = "its JSON is nested too deeply for an instances file"
    raise AnnotationsError(f"{path}: {problem}.")


def _neighbours(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return []


def _explain_syntax(raw: bytes, message: str) -> str:
    if raw.startswith(PACKED):
        return "it is a packed file; unpack it, and give the instances file"
    place = re.search(r"\(byte (\d+)\)", message)  # at the end: cut off within a number, such as after its minus
    if "truncated" in message or (place and int(place[1]) >= len(raw)):
        return f"its JSON is cut off after {len(raw):,} bytes; download or export it again"
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:4]:
        return "its text is UTF-16 or UTF-32; save it as UTF-8"
    return f"it is not JSON ({message}); give the COCO instances file, such as instances_train2017.json"


def _other_format(raw: bytes) -> str | None:
    """What the file is instead, where it is a known kind of file."""
    wanted = "a COCO instances file (images, annotations with boxes, categories) is needed"
    if raw.lstrip()[:1] == b"[":
        return f"it holds a list, as COCO results files do; {wanted}"
    try:
        shape = msgspec.json.decode(raw, type=_Shape)
    except (msgspec.MsgspecError, RecursionError):
        return None
    first = shape.annotations[0] if isinstance(shape.annotations, list) and shape.annotations else None
    if first is not None and first.segments_info is not msgspec.UNSET:
        return f"it is a COCO panoptic file; {wanted}, such as instances_train2017.json"
    if first is not None and first.caption is not msgspec.UNSET:
        return f"it is a COCO captions file; {wanted}, such as instances_train2017.json"
    missing = [key for key in ("images", "annotations", "categories") if getattr(shape, key) is msgspec.UNSET]
    return f"it has no {' and no '.join(missing)}; {wanted}" if missing else None


def _explain(message: str) -> str:
    """The validation's message with the place first: `annotations[3] has no "image_id"`."""
    problem, _, place = message.partition(" - at `$")
    place = place.rstrip("`").lstrip(".") or "the file"
    if missing := re.search(r"missing required field `(.*)`", problem):
        return f'{place} has no "{missing[1]}"'
    return f"{place}: {problem[0].lower()}{problem[1:]}".replace("`", "")
