"""COCO's instances files out of its archive: in part, resumed, from servers that misbehave."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.web_server import Behave, WebServer, serve

from bakeoff.core.errors import SourceError, StorageError
from bakeoff.data.coco.download import fetch_annotations
from bakeoff.data.http import Options
from bakeoff.data.http.byte_ranges import SMALL_PIECE

QUICK = Options(timeout=0.25, allow_private=True, attempts=4, backoff=0.01)
URL = "/annotations/annotations_trainval2017.zip"
Fetch = Callable[[WebServer], Path]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def instances(seed: int) -> bytes:
    """A small instances file with 400 KB of names that do not pack well."""
    noise = np.random.default_rng(seed).bytes(200_000).hex()
    document = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 9, "height": 9}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 0}],
        "categories": [{"id": 1, "name": noise, "supercategory": "x"}],
    }
    return json.dumps(document).encode()


TRAIN, VAL = instances(0), instances(1)


def len_of(byte_range: str) -> int:
    first, last = byte_range.removeprefix("bytes=").split("-")
    return int(last) - int(first) + 1


def pack(folder: Path, **files: bytes) -> bytes:
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in (files or {"instances_train2017": TRAIN, "instances_val2017": VAL}).items():
            archive.writestr(f"annotations/{name}.json", raw)
    raw = path.read_bytes()
    path.unlink()
    return raw


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    return pack(tmp_path)


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    def fetched(server: WebServer, split: str = "train") -> Path:
        return fetch_annotations(2017, split, tmp_path / "out", base_url=f"{server.url}/annotations", options=QUICK)

    return fetched


@pytest.mark.parametrize(("split", "raw"), [("train", TRAIN), ("val", VAL)])
@pytest.mark.parametrize("ranges", [True, False])
def test_the_file_is_taken_out_of_the_archive(
    fetch: Callable[..., Path], archive: bytes, split: str, raw: bytes, ranges: bool
) -> None:
    with serve({URL: archive}, ranges=ranges) as server:
        path = fetch(server, split)
        assert path.read_bytes() == raw
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
        asked = len(server.times)
        assert fetch(server, split) == path
        assert len(server.times) == asked, "what is there is kept"
    if ranges:
        assert server.sent < 0.7 * len(archive), "and not the rest of the archive"


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("what", ["500", "429 0", "cut", "reset", "stall", "silence", "chunked cut", "drip"])
def test_what_fails_for_the_moment_is_tried_again(fetch: Fetch, archive: bytes, what: str, ranges: bool) -> None:
    behave: Behave = lambda path, count: what if count in (1, 3, 5) else ""  # noqa: E731
    with serve({URL: archive}, behave, ranges=ranges) as server:
        assert fetch(server).read_bytes() == TRAIN


def test_a_connection_that_breaks_often_is_no_failure_as_long_as_small_pieces_come(
    fetch: Fetch, archive: bytes
) -> None:
    with serve({URL: archive}) as server:
        server.behave = lambda path, count: "cut" if len_of(server.heads[-1]["Range"]) > SMALL_PIECE else ""
        assert fetch(server).read_bytes() == TRAIN
    assert len(server.times) > 4 + QUICK.attempts


def test_a_download_that_was_stopped_goes_on_where_it_was(
    fetch: Fetch, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bakeoff.data.http.byte_ranges.PIECE", SMALL_PIECE)
    with serve({URL: archive}, lambda path, count: "500" if count > 5 else "") as server:
        with pytest.raises(SourceError, match=r"annotations_trainval2017.zip: the server answers 500"):
            fetch(server)
        kept = (tmp_path / "out" / ".instances_train2017.json.partial").stat().st_size
        assert kept > 50_000
        server.behave = lambda path, count: ""
        server.heads.clear()
        assert fetch(server).read_bytes() == TRAIN
    assert f"bytes={kept}-" in "".join(head["Range"] for head in server.heads)


@pytest.mark.slow
@pytest.mark.parametrize("ranges", [True, False])
def test_a_killed_command_is_resumed_to_the_same_bytes(archive: bytes, tmp_path: Path, ranges: bool) -> None:
    code = "from bakeoff.cli.main import main; main()"
    with serve({URL: archive}, lambda path, count: "stall", ranges=ranges) as server:
        options = ["--base-url", f"{server.url}/annotations", "--allow-private", "--out", str(tmp_path / "out")]
        command = [sys.executable, "-c", code, "fetch", "annotations", *options]
        for moment in (1, 2, 5):
            server.behave = lambda path, count, last=moment: "stall" if count >= last else ""
            server.asked.clear()
            with subprocess.Popen(command) as process:
                end = time.monotonic() + 30
                while server.asked[URL] < moment and process.poll() is None and time.monotonic() < end:
                    time.sleep(0.01)
                process.kill()
        server.behave = lambda path, count: ""
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "out" / "instances_train2017.json"
    assert "".join(done.stdout.split()) == f"Instancesfile:{path}"
    assert re.match(r"megabytes \d/\d in ", done.stderr) or not ranges
    assert path.read_bytes() == TRAIN
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_damaged_member_is_downloaded_anew_by_the_next_command(fetch: Fetch, archive: bytes, ranges: bool) -> None:
    damaged = bytearray(archive)
    damaged[50_000:50_009] = b"\x00damaged\x00"
    with serve({URL: bytes(damaged)}, ranges=ranges) as server:
        with pytest.raises(SourceError, match=r"zip came damaged \(.*\); run the command again"):
            fetch(server)
        server.files[URL] = archive
        assert fetch(server).read_bytes() == TRAIN


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"instances_train2017": b"[]"}, r"what .*zip holds is no instances file"),
        ({"instances_val2017": VAL}, r"unknown member 'annotations/instances_train2017.json'. Did you mean"),
        ({"instances_train2017": b" " * 2**28 + b"  "}, r"unpacks to 268,435,458 bytes; no instances file does"),
    ],
    ids=["no instances file", "no member", "bomb"],
)
def test_an_archive_without_such_a_file_is_refused(
    fetch: Fetch, tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    with serve({URL: pack(tmp_path, **files)}) as server, pytest.raises(SourceError, match=message):
        fetch(server)
    assert not (tmp_path / "out" / "instances_train2017.json").exists()


def test_an_encrypted_member_is_refused(fetch: Fetch, tmp_path: Path) -> None:
    raw = bytearray(pack(tmp_path, instances_train2017=TRAIN))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with serve({URL: bytes(raw)}) as server, pytest.raises(SourceError, match="is encrypted"):
        fetch(server)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("404", r"the server answers 404 Not Found\. Check --year, --split and --base-url"),
        ("html", "came damaged .File is not a zip file"),
        ("redirect file:///etc/passwd", "redirected to another scheme"),
    ],
)
def test_a_server_without_the_archive_is_one_error(fetch: Fetch, archive: bytes, what: str, message: str) -> None:
    with serve({URL: archive}, lambda path, count: what) as server, pytest.raises(SourceError, match=message):
        fetch(server)


def test_a_private_address_is_refused_unless_allowed(tmp_path: Path, archive: bytes) -> None:
    with serve({URL: archive}) as server, pytest.raises(SourceError, match=r"private address; .* --allow-private"):
        fetch_annotations(2017, "train", tmp_path, base_url=server.url)


def test_two_at_once_do_not_disturb_one_another(fetch: Fetch, archive: bytes) -> None:
    paths = []
    with serve({URL: archive}, lambda path, count: "late 0.02") as server:
        threads = [threading.Thread(target=lambda: paths.append(fetch(server))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {path.read_bytes() for path in paths} == {TRAIN}
    assert server.sent < len(archive), "one downloads, the others wait for it"


def test_a_folder_that_can_not_be_written_is_one_error(fetch: Fetch, archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with serve({URL: archive}) as server, pytest.raises(StorageError, match="can't write"):
        fetch(server)
