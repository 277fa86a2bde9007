"""Photos, sources and selections made by hand; worker processes can import the sources from here."""

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from PIL import Image

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import ImageError
from bakeoff.data.build.tables import LEDGER
from bakeoff.data.index import License
from bakeoff.data.selection.selection import Selection, SelectionInfo

BOX = {"label": "cat", "x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5, "crowd": False}
SETTINGS = {"size": 8, "resize": "stretch", "filter": "area", "quality": 90}

Row = tuple[int, str | None, str | None, list[str]]


@dataclass(frozen=True)
class MemorySource:
    """Photos by file name, in memory."""

    photos: dict[str, bytes]

    def prepare(self, urls: Mapping[str, str | None]) -> "MemorySource":
        return self

    def read(self, file_name: str) -> bytes:
        if file_name not in self.photos:
            raise ImageError("the file is missing")
        return self.photos[file_name]

    def describe(self) -> str:
        return "the memory of a test"


class DeadlySource(MemorySource):
    """Ends the process that reads one of its photos, as the system does when memory runs out."""

    def read(self, file_name: str) -> bytes:
        os._exit(9)


def photo(image_id: int) -> bytes:
    """A JPEG of one grey value, ten times the image id, that tells the images apart."""
    buffer = io.BytesIO()
    Image.new("RGB", (20, 12), (image_id * 10 % 256,) * 3).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def photos_of(selection: Selection) -> dict[str, bytes]:
    """A photo for each image of a selection."""
    rows = selection.ledger.select("file_name", "image_id").iter_rows()
    return {file_name: photo(image_id) for file_name, image_id in rows}


def selection_of(classes: Sequence[str], rows: Sequence[Row]) -> Selection:
    """A selection; a row is image id, split, label, and the classes under which the image may stand."""
    licenses = (License(1, "CC BY", "http://example.org/by"),)
    info = SelectionInfo(SelectionConfig(classes=tuple(classes)), "instances.json", "00ff", f"of {len(rows)}", licenses)
    ledger = [
        {
            "image_id": image_id,
            "file_name": f"{image_id}.jpg",
            "width": 20,
            "height": 12,
            "license": (None, 1, 2)[image_id % 3],
            "url": None,
            "annotated": eligible or [classes[0]],
            "boxes": [BOX],
            "eligible": eligible,
            "order": order if eligible else None,
            "status": "chosen" if split else "dropped",
            "reason": "chosen" if split else "quotas filled",
            "split": split,
            "label": label,
        }
        for order, (image_id, split, label, eligible) in enumerate(rows)
    ]
    return Selection(info, pl.DataFrame(ledger, schema=dict(LEDGER)).sort("image_id"))
