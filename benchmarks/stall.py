"""One photo of 1,000 that stalls, at 16 connections: how soon the 999 others are there, beside a server without it.

    python benchmarks/stall.py [--rounds N]

A server on loopback, in a process of its own, sends small photos, each after 50 ms as a server far away does. In turn
with and without one that accepts the request and sends nothing, until the timeout (2 s here) at each attempt. Writes
`benchmarks/results/stall.json` and `stall.md`.
"""

import argparse
import io
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from PIL import Image

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.http import Options
from bakeoff.data.source import Downloads
from bakeoff.data.sources.http import HttpSource

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web_server import serve

RESULTS = Path(__file__).parent / "results"
PHOTOS, CONNECTIONS, TIMEOUT, DELAY = 1000, 16, 2.0, 0.05
STALLS = "/500.jpg"


def main() -> None:
    """Downloads in turn, and writes the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rounds = [(download(stalling=False), download(stalling=True)) for _ in range(asked.rounds)]
    ratios = sorted(calm["others"] / stalled["others"] for calm, stalled in rounds)
    result = {
        "environment": Environment.current(),
        "rounds": [{"calm": calm, "stalling": stalled} for calm, stalled in rounds],
        "throughput": {"least": ratios[0], "median": median(ratios), "most": ratios[-1]},
    }
    write_json(RESULTS / "stall.json", result)
    (RESULTS / "stall.md").write_text("\n".join(page(result)) + "\n")


def download(*, stalling: bool) -> dict:
    """Seconds until all but one of the photos are there, and until the download has ended."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=answer, args=(there, stalling), daemon=True)
    process.start()
    url, times = here.recv(), list[float]()

    def monitor(title: str) -> Callable[[int, int], None]:
        return lambda done, total: times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as cache:
        options = Options(CONNECTIONS, timeout=TIMEOUT, allow_private=True, attempts=3)
        source = HttpSource("", Downloads(Path(cache), lambda raw: None, options, monitor))
        begun = time.perf_counter()
        source.prepare({f"{number}.jpg": f"{url}/{number}.jpg" for number in range(PHOTOS)})
    here.send("stop")
    process.join(20)
    return {"others": times[PHOTOS - 1] - begun, "all": times[-1] - begun}


def answer(pipe: Connection, stalling: bool) -> None:
    """Serves photos until it is told to stop."""
    file = io.BytesIO()
    Image.effect_noise((320, 240), 50).save(file, "JPEG")
    photos = {f"/{number}.jpg": file.getvalue() for number in range(PHOTOS)}
    with serve(photos, lambda path, count: "silence" if stalling and path == STALLS else f"late {DELAY}") as server:
        pipe.send(server.url)
        pipe.recv()


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, found = result["environment"], result["throughput"]
    return [
        "# A photo that stalls",
        "",
        f"Written by `benchmarks/stall.py`: {PHOTOS:,} photos by URL at {CONNECTIONS} connections, from a server on "
        f"loopback that takes {1000 * DELAY:.0f} ms for each; one of them stalls until the timeout of {TIMEOUT:.0f} s, "
        f"three times. Made with Python {environment.python}, {environment.platform}, {environment.processors} "
        "processors.",
        "",
        f"The other {PHOTOS - 1} come at {found['median']:.2f} times the rate that they have without it "
        f"({found['least']:.2f} to {found['most']:.2f} in {len(result['rounds'])} rounds in turn).",
        "",
        "| round | others, s | others beside one that stalls, s | all, s | all with it, s |",
        "|---|---|---|---|---|",
        *(
            f"| {number} | {own['calm']['others']:.2f} | {own['stalling']['others']:.2f} | {own['calm']['all']:.2f} "
            f"| {own['stalling']['all']:.2f} |"
            for number, own in enumerate(result["rounds"], 1)
        ),
    ]


if __name__ == "__main__":
    main()
