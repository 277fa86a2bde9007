"""How far bakeoff goes: time and peak memory of the largest inputs that it promises to take.

    python benchmarks/limits.py

makes each input; reads it, selects from it and builds a data set in a process of its own; and writes
`benchmarks/results/limits.json` and `limits.md`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment

RESULTS = Path(__file__).parent / "results"
READ = """
import sys, time
from pathlib import Path
import cv2, numpy
from bakeoff.config.data import DataConfig
from bakeoff.data import build, inputs, selection

annotations, images, out, quota = sys.argv[1:]
times = [time.perf_counter()]
index = inputs.read_index(annotations, None, images=images if any(Path(images).iterdir()) else "")
times.append(time.perf_counter())
data = DataConfig(classes=("class 1", "class 2"), policy="first-fit", train_per_class=int(quota), val_per_class=0)
chosen = selection.select(index, data.selection)
times.append(time.perf_counter())
photo = cv2.imencode(".jpg", numpy.zeros((480, 640, 3), numpy.uint8))[1].tobytes()
for name in chosen.ledger["file_name"]:
    (Path(images) / name).write_bytes(photo)
source = inputs.open_source(DataConfig(annotations=annotations, images=images))
begun = time.perf_counter()
build.build(chosen, source, Path(out), size=64, resize="stretch", filter="area", quality=95)
read, select = times[1] - times[0], times[2] - times[1]
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(index.annotations.height, read, select, time.perf_counter() - begun, peak)
"""
DECODE = """
import sys, time
from pathlib import Path
from bakeoff.core.errors import ImageError
from bakeoff.data.build import to_pixels
start = time.perf_counter()
try:
    to_pixels(Path(sys.argv[1]).read_bytes(), 64, "area", "stretch")
    found = 1
except ImageError as error:
    found = str(error).replace(" ", "_")
peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(found, time.perf_counter() - start, 0, 0, peak)
"""


def instances(path: Path, images: int, annotations: int, categories: int) -> str:
    """Writes an instances file with so many of each, the annotations in turn."""
    with path.open("w") as file:
        _list(file, '{"images": ', (_image(number) for number in range(images)))
        _list(file, ', "categories": ', ({"id": number, "name": f"class {number}"} for number in range(categories)))
        _list(file, ', "annotations": ', (_box(number, images, categories) for number in range(annotations)))
        file.write("}")
    return str(path)


def _list(file: object, key: str, entries: Iterable[dict]) -> None:
    file.write(key + "[")
    for number, entry in enumerate(entries):
        file.write(("," if number else "") + json.dumps(entry))
    file.write("]")


def _image(number: int) -> dict:
    return {"id": number, "file_name": f"{number:07}.jpg", "width": 640, "height": 480}


def _box(number: int, images: int, categories: int) -> dict:
    return {
        "id": number,
        "image_id": number % images,
        "category_id": number % categories,
        "bbox": [number % 600, number % 400, 30, 40],
        "area": 1200,
        "iscrowd": 0,
    }


def crowded(folder: Path, files: int) -> str:
    """A folder of so many empty photos."""
    folder.mkdir()
    for number in range(files):
        os.close(os.open(folder / f"{number:07}.jpg", os.O_CREAT | os.O_WRONLY))
    return str(folder)


def vast(path: Path, side: int, mode: str = "L") -> str:
    """An image of so many pixels each way, all of one colour."""
    Image.new(mode, (side, side)).save(path, lossless=True, compression="tiff_lzw")
    return str(path)


def measured(script: str, *arguments: str) -> dict:
    """What a process says of itself: what it found, seconds, MiB."""
    ended = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    found, *numbers = ended.stdout.split()
    read, select, build, peak = map(float, numbers)
    return {"found": found.replace("_", " "), "read": read, "select": select, "build": build, "peak MiB": peak}


def main() -> None:
    """Every limit, one after the other."""
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)

        def case(own: str, sizes: tuple[int, int, int], quota: int, files: int = 0) -> tuple[str, ...]:
            photos = crowded(home / f"{own}-photos", files)
            return READ, instances(home / f"{own}.json", *sizes), photos, str(home / own), str(quota)

        cases = {
            "5 million annotations": lambda: case("a", (500_000, 5_000_000, 80), quota=500),
            "100,000 categories": lambda: case("b", (10_000, 200_000, 100_000), quota=1),
            "images with 1 million boxes each": lambda: case("c", (2, 2_000_000, 80), quota=1),
            "a folder of 1 million files": lambda: case("d", (1000, 5000, 80), quota=12, files=1_000_000),
            "an image of 30,000 x 30,000": lambda: (DECODE, vast(home / "v.png", 30_000)),
            "a PNG of 10,000 x 10,000 with transparency": lambda: (DECODE, vast(home / "v.png", 10_000, "RGBA")),
            "a TIFF of 10,000 x 10,000 with 32 bits": lambda: (DECODE, vast(home / "v.tif", 10_000, "I")),
            "a WebP of 10,000 x 10,000 with transparency": lambda: (DECODE, vast(home / "v.webp", 10_000, "RGBA")),
        }
        for title, make in cases.items():
            start = time.perf_counter()
            rows[title] = measured(*make())
            print(title, rows[title], f"{time.perf_counter() - start:.0f} s in all", flush=True)
    result = {"environment": Environment.current(), "load": os.getloadavg()[0], "limits": rows}
    write_json(RESULTS / "limits.json", result)
    (RESULTS / "limits.md").write_text("\n".join(page(result)) + "\n")


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    return [
        "# Limits",
        "",
        f"Written by `benchmarks/limits.py`. Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors, with a load of {result['load']:.0f} at its end.",
        "",
        "Seconds to read it, to select two classes, and to build the data set (all photos are there); the peak is "
        "that of all three.",
        "",
        "| input | annotations or photos read, or why not | read | select | build | peak memory, MiB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {case} | {row['found']} | {row['read']:.1f} | {row['select']:.1f} | {row['build']:.1f} "
            f"| {row['peak MiB']:,.0f} |"
            for case, row in result["limits"].items()
        ),
    ]


if __name__ == "__main__":
    main()
