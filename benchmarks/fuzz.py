"""Fuzzing of all that reads what comes from outside, for a long time.

    python benchmarks/fuzz.py [--minutes N] [--seed N]

gives each reader an equal part of the time: photos (`to_pixels`), instances files (`read_index`), the folder of an
experiment (`predict`, `report`, `verify`; its seals were removed), the answers of a server, URLs, and files of other
tools (their annotations, tables of predictions, experiment files). It is the processor's time, so that a busy machine
does not shorten it, but for the server's, where most is waiting. Each input is a valid one with a few of its bytes
changed, removed, repeated or exchanged with those of another, or with hostile values instead of its numbers. The
readers may refuse it with their own errors; anything else is written to `fuzz-failure-*`.
Counts how many inputs were tried, how many were accepted, the longest time of one, and the peak memory. Writes
`benchmarks/results/fuzz.json` and `fuzz.md` every few minutes; a run with another seed is added to those before.
"""

import argparse
import io
import json
import math
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import numpy as np
from fuzz_formats import format_reader
from fuzz_readers import REFUSALS, RESPONSES, URLS, client, folder_reader, in_place, read_url
from PIL import Image

from bakeoff.core.errors import AnnotationsError, ImageError, in_one_line
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.build.images import to_pixels
from bakeoff.data.coco import read_index

RESULTS = Path(__file__).parent / "results"
SECONDS, MEBIBYTES = 30, 3072
"""More than this, of one input and of the process, is a failure; a WebP photo of 100 million pixels takes 2,200 MiB."""
WAITS = "answers of a server"
ROUND = 5
"""Minutes after which the results are written."""
NOTHING: dict = {"tried": 0, "accepted": 0, "failures": [], "longest": 0.0, "peak": 0.0}
HOSTILE = (
    b"-1", b"0", b"1e999", b"-0.0", b"NaN", b"Infinity", b"null", b"true", b'""', b"[]", b"{}", b"9" * 400,
    b"18446744073709551616", b'"\\ud800"', b'"\\u0000"', b"[" * 2000, b'"../../x"', b"1.5",
)  # fmt: skip


def main() -> None:
    """Tries inputs until the time is over; what earlier runs with other seeds tried is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draws = np.random.default_rng(asked.seed)
    stored = json.loads((RESULTS / "fuzz.json").read_text()) if (RESULTS / "fuzz.json").exists() else {"runs": []}
    run = {"environment": Environment.current(), "minutes": 0.0, "seed": asked.seed, "readers": {}}
    runs = [*(earlier for earlier in stored["runs"] if earlier["seed"] != asked.seed), run]
    rounds = math.ceil(asked.minutes / ROUND)
    with (
        tempfile.TemporaryDirectory() as name,
        client() as ask,
        folder_reader(Path(name)) as (files, read_folder),
        format_reader(Path(name) / "formats") as (formats, read_format),
    ):
        cases = {
            "photos": (photos(draws), read_image, ImageError, damaged),
            "instances files": ([instances(draws)], reader(Path(name) / "a.json"), AnnotationsError, hostile),
            "folders": (files, read_folder, REFUSALS, in_place(hostile)),
            WAITS: (list(RESPONSES), ask, REFUSALS, hostile),
            "URLs": (list(URLS), read_url, REFUSALS, hostile),
            "files of other tools": (formats, read_format, REFUSALS, in_place(hostile)),
        }
        for _ in range(rounds):
            for case, own in cases.items():
                clock = time.perf_counter if case == WAITS else time.process_time
                found = attack(*own, draws, clock, 60 * asked.minutes / rounds / len(cases))
                run["readers"][case] = together(run["readers"].get(case, NOTHING), found)
            run["minutes"] += asked.minutes / rounds
            write_json(RESULTS / "fuzz.json", {"runs": runs})
            (RESULTS / "fuzz.md").write_text("\n".join(page(runs)) + "\n")
    rows = run["readers"].values()
    sys.exit(any(row["failures"] or row["longest"] > SECONDS or row["peak"] > MEBIBYTES for row in rows))


def photos(draws: np.random.Generator) -> list[bytes]:
    """A small valid file of each kind."""
    image = Image.fromarray(draws.integers(0, 256, (40, 56, 3), dtype=np.uint8))
    kinds = (
        ("RGB", "JPEG", {}), ("RGB", "JPEG", {"progressive": True}), ("CMYK", "JPEG", {}), ("L", "JPEG", {}),
        ("RGB", "PNG", {}), ("RGBA", "PNG", {}), ("P", "PNG", {}), ("I;16", "PNG", {}), ("RGB", "WEBP", {}),
        ("RGB", "WEBP", {"lossless": True}), ("P", "GIF", {}), ("RGB", "BMP", {}), ("RGB", "TIFF", {}),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}), ("RGB", "TIFF", {"compression": "jpeg"}), ("F", "TIFF", {}),
    )  # fmt: skip
    return [_encode(image, *kind) for kind in kinds]


def _encode(image: Image.Image, mode: str, kind: str, options: dict) -> bytes:
    file = io.BytesIO()
    image.convert("I" if mode == "I;16" else mode).convert(mode).save(file, kind, **options)
    return file.getvalue()


def instances(draws: np.random.Generator) -> bytes:
    """A small valid instances file."""
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 64, "height": 48, "license": 1} for n in range(1, 9)]
    annotations = [
        {
            "id": n,
            "image_id": 1 + n % 8,
            "category_id": 1 + n % 3,
            "bbox": draws.uniform(0, 30, 4).round(2).tolist(),
            "area": 12.5,
            "iscrowd": n % 2,
            "segmentation": [[1, 2, 3, 4, 5, 6]] if n % 2 == 0 else {"counts": "abc", "size": [48, 64]},
        }
        for n in range(1, 25)
    ]
    categories = [{"id": n, "name": f"class {n}", "supercategory": "thing"} for n in range(1, 4)]
    document = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
    return json.dumps(document).encode()


def damaged(raw: bytes, other: bytes, draws: np.random.Generator) -> bytes:
    """One to eight changes of bytes."""
    changed = bytearray(raw)
    for _ in range(draws.integers(1, 9)):
        place = int(draws.integers(0, len(changed) + 1))
        # half of the changes are in the first 64 bytes, where the headers are
        place = place % 64 if draws.integers(2) else place
        length = int(2 ** draws.uniform(0, 8))
        match draws.integers(5):
            case 0:
                changed[place : place + 1] = draws.bytes(1)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length]
            case 3:
                changed[place : place + length] = other[place : place + length]
            case _:
                changed[place : place + 4] = int(draws.choice([0, 1, 255, 2**16, 2**31, 2**32 - 1])).to_bytes(4, "big")
    return bytes(changed)


def hostile(raw: bytes, other: bytes, draws: np.random.Generator) -> bytes:
    """Some numbers and texts replaced by hostile values, or some damage to the bytes."""
    if draws.integers(2):
        return damaged(raw, other, draws)
    places = list(re.finditer(rb'-?\d+(\.\d+)?|"[^"]*"', raw))
    for index in sorted({int(draws.integers(len(places))) for _ in range(3 if places else 0)}, reverse=True):
        place = places[index]
        raw = raw[: place.start()] + HOSTILE[draws.integers(len(HOSTILE))] + raw[place.end() :]
    return raw


def read_image(raw: bytes) -> None:
    """The image reader, as a build calls it."""
    to_pixels(raw, 16, "area")


def reader(path: Path) -> Callable[[bytes], None]:
    """The instances reader, on a file."""

    def read(raw: bytes) -> None:
        path.write_bytes(raw)
        read_index(path)

    return read


def attack(
    valid: list[bytes],
    read: Callable[[bytes], None],
    refusal: type[Exception] | tuple[type[Exception], ...],
    change: Callable[[bytes, bytes, np.random.Generator], bytes],
    draws: np.random.Generator,
    clock: Callable[[], float],
    seconds: float,
) -> dict:
    """Tries changed files for so many seconds of the clock."""
    tried = accepted = 0
    longest, failures = 0.0, []
    end = clock() + seconds
    while clock() < end:
        one, other = (valid[draws.integers(len(valid))] for _ in range(2))
        raw = change(one, other, draws)
        begun = clock()
        try:
            read(raw)
            accepted += 1
        except refusal:
            pass
        except BaseException as error:  # what must not be; a panic of polars is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            Path(f"fuzz-failure-{read.__name__}-{len(failures)}").write_bytes(raw)
            failures.append(in_one_line(error))
        longest = max(longest, clock() - begun)
        tried += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"tried": tried, "accepted": accepted, "longest": longest, "peak": peak, "failures": failures}


def together(one: dict, other: dict) -> dict:
    """What two attacks on one reader found."""
    sums = {name: one[name] + other[name] for name in ("tried", "accepted", "failures")}
    return sums | {name: max(one[name], other[name]) for name in ("longest", "peak")}


def page(runs: list[dict]) -> list[str]:
    """The results of all runs as Markdown."""
    environment = runs[-1]["environment"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "numpy", "pillow"))
    names = dict.fromkeys(name for run in runs for name in run["readers"])
    total = {name: reduce(together, (run["readers"].get(name, NOTHING) for run in runs)) for name in names}
    return [
        "# Damaged and hostile files",
        "",
        f"Written by `benchmarks/fuzz.py`: {sum(run['minutes'] for run in runs):.0f} minutes in all, "
        + ", ".join(f"{run['minutes']:.0f} with seed {run['seed']}" for run in runs)
        + f". Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}. The peak is that of the process until the reader's last turn.",
        "",
        "| reader | inputs | accepted | refused by another error than its own | longest, s | peak memory, MiB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['tried']:,} | {row['accepted']:,} | {len(row['failures'])} | {row['longest']:.2f} "
            f"| {row['peak']:.0f} |"
            for name, row in total.items()
        ),
    ]


if __name__ == "__main__":
    main()
