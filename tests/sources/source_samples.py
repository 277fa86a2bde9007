"""The same photos behind every kind of source."""

import zipfile
from pathlib import Path

import pytest

from bakeoff.records import Source
from bakeoff.sources import open_source

KINDS = ("folder", "zip")
PHOTOS = {"a.jpg": b"a", "deep/b.jpg": b"b" * 70_000}
FILES = {**PHOTOS, "empty.jpg": b""}


def make_source(kind: str, folder: Path, request: pytest.FixtureRequest) -> Source:
    """A source of `FILES`; beside them lies a file that is none of its business."""
    place = folder / "photos"
    if kind == "zip":
        with zipfile.ZipFile(folder / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, raw in FILES.items():
                archive.writestr(f"train2017/{name}", raw)
            archive.writestr("../secret.jpg", b"secret")
        return open_source(str(folder / "photos.zip"))
    for name, raw in {**FILES, "../secret.jpg": b"secret"}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(raw)
    return open_source(str(place))
