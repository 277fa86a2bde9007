"""The photos of hw4-2024 by URL, from a server that misbehaves.

    python benchmarks/download.py [--photos N] [--connections N] [--train]

draws an instances file of train2017's size (`benchmarks/instances.py`), and serves drawn photos of 640 x 480 pixels
under COCO's own URLs: a server on loopback, in a process of its own, stands in for images.cocodataset.org as the proxy
of HTTP_PROXY. It answers every fifth request with 500, and some with 429, half a photo, a stall, 1 KB per second; for
some photos it always answers 404 or HTML. `build` runs with `data.images = "url"` and is killed (SIGKILL) at random
moments and repeated, until it ends. Before that the same from a server that only lacks the same photos, without
interruption: the two data sets must have the same digest. With `--train` the networks are trained and the report is
written, too. Writes `benchmarks/results/download.json` and `download.md`.
"""

import argparse
import io
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from instances import ANNOTATIONS, IMAGES, draw_instances
from PIL import Image, ImageFilter

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web_server import WebServer

RESULTS = Path(__file__).parent / "results"
PHOTOS, CLASSES, DRAWN, KILLS = 10_000, 5, 64, 5
ALWAYS = {"404": 10, "html": 5}
ONCE = {"cut": 10, "429 1": 10, "stall": 1, "slow": 1}
"""Of 1,000 photos, how many the server answers so each time, and once."""
FATES = [what for what, share in {**ALWAYS, **ONCE}.items() for _ in range(share)]
TIMEOUT = 5


def main() -> None:
    """Downloads twice, compares, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    share = min(asked.photos / PHOTOS, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real = draw_instances(folder / "instances.json", round(IMAGES * share), round(ANNOTATIONS * share))
        settings = [
            f"data.annotations={folder / 'instances.json'}",
            "data.images=url",
            f"data.train_per_class={asked.photos * 4 // (5 * CLASSES)}",
            f"data.val_per_class={asked.photos // (5 * CLASSES)}",
            f"data.connections={asked.connections}",
            f"data.timeout={TIMEOUT}",
        ]
        if not real:
            settings.append("data.classes=" + ",".join(f"category {number}" for number in range(30, 30 + CLASSES)))
        calm = build(folder, "calm", settings, kills=0)
        wild = build(folder, "misbehaving", settings, kills=KILLS)
        result = {
            "environment": Environment.current(),
            "photos": asked.photos,
            "connections": asked.connections,
            "servers": {"calm": calm, "misbehaving": wild},
            "same digest": calm["digest"] == wild["digest"],
        }
        if asked.train:
            begin = time.perf_counter()
            bakeoff.run("hw4-2024", overrides=settings_of(folder, "misbehaving", settings), out=folder / "misbehaving")
            result["minutes of training and report"] = (time.perf_counter() - begin) / 60
    write_json(RESULTS / "download.json", result)
    (RESULTS / "download.md").write_text("\n".join(page(result)) + "\n")
    print((RESULTS / "download.md").read_text())


def settings_of(folder: Path, kind: str, settings: list[str]) -> list[str]:
    """The settings with a cache for this kind of server."""
    return [*settings, f"data.cache={folder / 'cache' / kind}"]


def build(folder: Path, kind: str, settings: list[str], kills: int) -> dict:
    """Builds the data set by the command line, killed at random moments and repeated; what was measured."""
    own = settings_of(folder, kind, settings)
    options = [part for setting in own for part in ("--set", setting)]
    code = "from bakeoff.cli.main import main; main()"
    command = [sys.executable, "-c", code, "build", "hw4-2024", "--out", str(folder / kind), *options]
    draws = np.random.default_rng(0)
    with serving(folder / "instances.json", calm=kind == "calm") as (url, stop):
        environment = {**os.environ, "HTTP_PROXY": url, "NO_PROXY": "", "no_proxy": ""}
        for _ in range(kills):
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
                time.sleep(float(draws.uniform(1, 8)))
                process.send_signal(signal.SIGKILL)
        begin = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        asked = stop()
    stored = json.loads((folder / kind / "dataset" / "dataset.json").read_text())
    ledger = pl.read_parquet((folder / kind / "dataset" / "ledger.parquet").read_bytes())
    lost = ledger.filter(pl.col("status") == "unreadable")["reason"]
    return {
        "kills": kills,
        "seconds of the last command": time.perf_counter() - begin,
        "photos a second": asked["photos"] / asked["seconds"],
        "megabytes a second": asked["bytes"] / 1e6 / asked["seconds"],
        "requests": asked["requests"],
        "photos asked for": asked["photos"],
        "requests that were made again": asked["requests"] - asked["photos"],
        "replaced": {
            "404": int(lost.str.contains("404").sum()),
            "no photo": int(lost.str.contains("no photo").sum()),
            "other": int((~lost.str.contains("404|no photo")).sum()),
        },
        "digest": stored["digest"],
    }


@contextmanager
def serving(annotations: Path, *, calm: bool) -> Iterator[tuple[str, object]]:
    """A server in a process of its own: its URL, and what ends it and tells what it was asked."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, annotations, calm), daemon=True)
    process.start()
    port = here.recv()

    def stop() -> dict:
        here.send("stop")
        return here.recv()

    yield f"http://127.0.0.1:{port}", stop
    process.join(10)


def serve(pipe: Connection, annotations: Path, calm: bool) -> None:
    """Serves a drawn photo for every image of an instances file, until it is stopped."""
    photos = drawn()
    ids = [int(number) for number in re.findall(rb"/train2017/(\d{12})\.jpg", annotations.read_bytes())]
    files = {f"/train2017/{number:012}.jpg": photos[number % DRAWN] for number in ids}

    def behave(path: str, count: int) -> str:
        number = zlib.crc32(path.encode()) % 1000
        fate = FATES[number] if number < len(FATES) else ""
        if fate in ALWAYS or (fate and count == 1 and not calm):
            return fate
        return "500" if zlib.crc32(f"{path} {count}".encode()) % 5 == 0 and not calm else ""

    with WebServer(files, behave) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pipe.send(server.server_port)
        pipe.recv()
        counts: Counter[str] = server.asked
        pipe.send(
            {
                "requests": sum(counts.values()),
                "photos": len(counts),
                "bytes": server.sent,
                "seconds": busy_seconds(server.times),
            }
        )
        server.shutdown()


def busy_seconds(times: list[float]) -> float:
    """The time in which requests came, without the pauses of two seconds and more in which a command began or built."""
    steps = np.diff(np.sort(np.array(times)))
    return float(steps[steps < 2].sum())


def drawn() -> list[bytes]:
    """JPEG files of about COCO's size, 640 x 480 pixels."""
    draws, files = np.random.default_rng(0), []
    for _ in range(DRAWN):
        coarse = Image.fromarray(draws.integers(0, 256, (48, 64, 3), dtype=np.uint8)).resize((640, 480), Image.BICUBIC)
        noise = Image.fromarray(draws.integers(0, 256, (480, 640, 3), dtype=np.uint8)).filter(
            ImageFilter.GaussianBlur(1)
        )
        buffer = io.BytesIO()
        Image.blend(coarse, noise, 0.5).save(buffer, "JPEG", quality=90)
        files.append(buffer.getvalue())
    return files


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = msgspec.to_builtins(result["environment"])
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    servers = result["servers"]
    rows = [
        ("commands that were killed on the way", lambda own: own["kills"]),
        ("photos a second", lambda own: f"{own['photos a second']:.0f}"),
        ("megabytes a second", lambda own: f"{own['megabytes a second']:.0f}"),
        ("photos asked for", lambda own: f"{own['photos asked for']:,}"),
        ("requests that were made again", lambda own: f"{own['requests that were made again']:,}"),
        ("replaced: 404", lambda own: own["replaced"]["404"]),
        ("replaced: HTML with status 200", lambda own: own["replaced"]["no photo"]),
        ("replaced: anything else", lambda own: own["replaced"]["other"]),
        ("digest of the data set", lambda own: f"`{own['digest']}`"),
    ]
    return [
        "# Downloads from a server that misbehaves",
        "",
        f"Written by `benchmarks/download.py`: the data set of hw4-2024 with {result['photos']:,} photos by URL, "
        f"{result['connections']} connections, from a server on loopback that shares the machine's processors.",
        "",
        f"Made with Python {environment['python']}, {environment['platform']}, {environment['processors']} processors; "
        f"{versions}.",
        "",
        "Both servers lack 1 % of the photos and send HTML for 0.5 %. The misbehaving one also answers every fifth "
        "request with 500, and of 1,000 photos once 10 with half of it, 10 with 429, 1 with a stall and 1 at 1 KB a "
        "second.",
        "",
        f"| server | {' | '.join(servers)} |",
        "|---|---|---|",
        *(f"| {title} | {' | '.join(str(value(own)) for own in servers.values())} |" for title, value in rows),
        "",
        f"The two data sets {'are the same' if result['same digest'] else 'DIFFER'}.",
        *(
            ["", f"Training and report took {result['minutes of training and report']:.0f} minutes."]
            if "minutes of training and report" in result
            else []
        ),
    ]


if __name__ == "__main__":
    main()
