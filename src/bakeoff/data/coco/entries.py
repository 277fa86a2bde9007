"""The types of an instances file: what is not named here (segmentation above all) is skipped."""

from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of 64-bit integers holds."""

Text = Annotated[str, msgspec.Meta(min_length=1)]

Group = str | int | float | None
UNNAMED = "<group>"
"""The name of the field where none is asked for; no tool writes it."""

NO_ID = -(2**63) + 1
"""Stands for the id of an annotation that has none."""


class Image(msgspec.Struct, gc=False):
    """An entry of `images`; `width` and `height` in pixels.

    `group` is a field of any name that tells which images belong together; see `document_type`.
    """

    id: Id
    file_name: Text
    width: int | None = None
    height: int | None = None
    license: Id | None = None
    coco_url: str | None = None
    group: Group = msgspec.field(default=None, name=UNNAMED)


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
    name: Text
    supercategory: str | None = ""


class LicenseEntry(msgspec.Struct, gc=False):
    """An entry of `licenses`."""

    id: Id
    name: str | None = ""
    url: str | None = ""


class Document(msgspec.Struct, gc=False):
    """An instances file."""

    images: list[Image]
    annotations: list[Annotation]
    categories: list[Category]
    licenses: list[LicenseEntry] = []


def document_type(group_field: str) -> type[Document]:
    """`Document` with images whose `group` is the field of this name, unless it is one of `Image`, or empty."""
    if not group_field or group_field in Image.__struct_fields__:
        return Document
    group = ("group", Group, msgspec.field(default=None, name=group_field))
    image = msgspec.defstruct("GroupedImage", [group], bases=(Image,), gc=False)
    return msgspec.defstruct("GroupedDocument", [("images", list[image])], bases=(Document,), gc=False)  # type: ignore[return-value, valid-type]  # by its base; made here
