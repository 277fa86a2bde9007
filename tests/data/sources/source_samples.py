"""The same photos behind every kind of source."""

import zipfile
from pathlib import Path

import pytest
from tests.web_server import serve

from bakeoff.data.http import Options
from bakeoff.data.source import Downloads, Source, open_source

KINDS = ("folder", "zip", "url")
PHOTOS = {"a.jpg": b"a", "deep/b.jpg": b"b" * 70_000}
FILES = {**PHOTOS, "empty.jpg": b""}
QUICK = Options(timeout=0.5, allow_private=True, attempts=4, backoff=0.01)


def make_source(kind: str, folder: Path, request: pytest.FixtureRequest) -> Source:
    """A source of `FILES`; beside them lies a file that is none of its business."""
    place = folder / "photos"
    if kind == "url":
        running = serve({f"/photos/{name}": raw for name, raw in {**FILES, "../secret.jpg": b"secret"}.items()})
        server = running.__enter__()
        request.addfinalizer(lambda: running.__exit__(None, None, None))
        return open_source(f"{server.url}/photos", Downloads(folder / "cache", lambda raw: None, QUICK))
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
