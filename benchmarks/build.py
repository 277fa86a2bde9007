"""Building a data set: against the homework's loop, and with ever more photos.

    python benchmarks/build.py [--photos FOLDER] [--repeats N] [--largest N]

Speed: the homework's loop (OpenCV's full decode, `cv2.resize` to 64 x 64, save as JPEG, one process) and bakeoff's
`build` with a process per processor, alternating, on photos of full resolution: those of FOLDER, such as COCO's, or
drawn ones of 640 x 480 and 640 x 427 pixels; repeated under other names until there are 4,000. The difference of
bakeoff's pixels to those of a full decode is given as PSNR. Growth: reading, selection and build of 1,000, 10,000, ...
drawn photos of 64 to 320 pixels per side: time, and the peak memory of the largest process. Each measurement is a
process of its own. Writes `benchmarks/results/build.json` and `build.md`.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bakeoff.config.data import SelectionConfig
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.build import build
from bakeoff.data.build.images import decode, resize, to_pixels
from bakeoff.data.coco import read_index
from bakeoff.data.selection import select
from bakeoff.data.selection.selection import Selection
from bakeoff.data.source import open_source

RESULTS = Path(__file__).parent / "results"
CLASSES = ("ant", "bee", "cow", "dog", "eel")
PHOTOS, SIDE = 4_000, 64
FULL, SMALL = ((640, 480), (640, 427), (480, 640)), tuple((64 + 32 * i, 320 - 32 * i) for i in range(9))
SETTINGS = {"size": SIDE, "resize": "stretch", "filter": "area", "quality": 95}


def main() -> None:
    """Measures all, or with `--worker` one thing."""
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(WORK[sys.argv[2]](Path(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="photos of full resolution; drawn ones where it is not given")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--largest", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raws = [path.read_bytes() for path in sorted(asked.photos.glob("*.jpg"))] if asked.photos else drawn(FULL)
        lay_out(folder / "speed", raws, PHOTOS)
        rows = {kind: [in_process(kind, folder / "speed") for _ in range(1)] for kind in ("homework", "speed")}
        for _ in range(asked.repeats):
            for kind, own in rows.items():
                own.append(in_process(kind, folder / "speed"))
        growth = []
        count = 1_000
        while count <= asked.largest:
            lay_out(folder / f"{count}", drawn(SMALL), count)
            growth.append({"photos": count, **in_process("growth", folder / f"{count}")})
            count *= 10
    result = {
        "environment": Environment.current(),
        "photos": asked.photos.name if asked.photos else "drawn",
        "bytes a photo": statistics.mean(map(len, raws)),
        "seconds": {kind: [row["seconds"] for row in own[1:]] for kind, own in rows.items()},
        "psnr": [psnr(raw) for raw in raws],
        "growth": growth,
    }
    write_json(RESULTS / "build.json", result)
    (RESULTS / "build.md").write_text("\n".join(page(result)) + "\n")


def drawn(sizes: tuple[tuple[int, int], ...]) -> list[bytes]:
    """JPEG files of noise of several scales, about as large as photos' files; 60 of each size."""
    draws, files = np.random.default_rng(0), []
    for width, height in sizes * 60:
        image = sum(
            cv2.resize(draws.normal(0, 28, (cells, cells, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
            for cells in (4, 16, 64)
        ) + draws.normal(128, 8, (height, width, 3))
        files.append(
            cv2.imencode(".jpg", image.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
        )
    return files


def lay_out(folder: Path, raws: list[bytes], count: int) -> None:
    """So many photos, a class each in turn, and their instances file."""
    (folder / "photos").mkdir(parents=True)
    first = [folder / "photos" / f"{number:012}.jpg" for number in range(len(raws[:count]))]
    for path, raw in zip(first, raws, strict=False):
        path.write_bytes(raw)
    for number in range(len(first), count):
        os.link(first[number % len(first)], folder / "photos" / f"{number:012}.jpg")
    numbers = range(count)
    sizes = [Image.open(path).size for path in first]
    box = {"bbox": [1, 1, 50, 50], "area": 2500, "iscrowd": 0}
    document = {
        "images": [
            {
                "id": n + 1,
                "file_name": f"{n:012}.jpg",
                **dict(zip(("width", "height"), sizes[n % len(sizes)], strict=True)),
            }
            for n in numbers
        ],
        "annotations": [{"id": n + 1, "image_id": n + 1, "category_id": 1 + n % 5, **box} for n in numbers],
        "categories": [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)],
    }
    (folder / "instances.json").write_text(json.dumps(document))


def in_process(kind: str, folder: Path) -> dict:
    """What one of `WORK` tells, in a process of its own."""
    command = [sys.executable, __file__, "--worker", kind, str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def homework(folder: Path) -> dict:
    """The homework's loop."""
    files, out = sorted((folder / "photos").iterdir()), tempfile.mkdtemp(dir=folder)
    begun = time.perf_counter()
    for path in files:
        image = cv2.resize(cv2.imread(str(path)), (SIDE, SIDE))
        cv2.imwrite(f"{out}/{path.name}", image)
    return {"seconds": time.perf_counter() - begun}


def speed(folder: Path) -> dict:
    """`build` of all photos; the selection before it is not counted."""
    chosen = choose(folder)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as out:
        build(chosen, open_source(str(folder / "photos")), Path(out) / "dataset", **SETTINGS)
        return {"seconds": time.perf_counter() - begun}


def growth(folder: Path) -> dict:
    """Seconds of each stage, and the peak memory of this process and of the largest of its own, in MiB (Linux)."""
    begun = time.perf_counter()
    index = read_index(folder / "instances.json")
    indexed = time.perf_counter()
    chosen = choose(folder)
    selected = time.perf_counter()
    del index
    workers: list[float] = [0.0]

    def watch(done: int, total: int) -> None:
        if done % 500 == 0:
            workers.extend(peak(str(process.pid)) for process in multiprocessing.active_children())

    build(chosen, open_source(str(folder / "photos")), folder / "dataset", progress=watch, **SETTINGS)
    built = time.perf_counter()
    return {
        "index": indexed - begun,
        "selection": selected - indexed,
        "build": built - selected,
        "peak": peak("self"),
        "peak of a worker": max(workers),
    }


def peak(process: str) -> float:
    """The peak memory of a process, MiB; `getrusage` would include its parent's memory at the start."""
    status = Path("/proc", process, "status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def choose(folder: Path) -> Selection:
    """All photos: four of five for training."""
    index = read_index(folder / "instances.json")
    quota = index.images.height // 5
    train = quota * 4 // 5
    return select(index, SelectionConfig(CLASSES, train_per_class=train, val_per_class=quota - train))


WORK: dict[str, Callable[[Path], dict]] = {"homework": homework, "speed": speed, "growth": growth}


def psnr(raw: bytes) -> float:
    """Of bakeoff's pixels, against those of a full decode averaged over areas, in dB; 100 where they are the same."""
    difference = to_pixels(raw, SIDE, "area").astype(float) - resize(decode(raw), SIDE, "area")
    return float(10 * np.log10(255**2 / np.mean(difference**2))) if difference.any() else 100.0


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, seconds = result["environment"], result["seconds"]
    versions = ", ".join(
        f"{name} {environment.versions[name]}" for name in ("bakeoff", "numpy", "pillow", "opencv-python-headless")
    )
    least, median = (of(seconds["homework"]) / of(seconds["speed"]) for of in (min, statistics.median))
    return [
        "# Building a data set",
        "",
        f"Written by `benchmarks/build.py`. Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors; {versions}. Other work may have run on the machine: the ratios count.",
        "",
        f"## {PHOTOS:,} photos of full resolution ({result['photos']}, {result['bytes a photo']:,.0f} bytes each)",
        "",
        "| | photos a second, most (median) |",
        "|---|---|",
        *(
            f"| {name} | {PHOTOS / min(seconds[kind]):,.0f} ({PHOTOS / statistics.median(seconds[kind]):,.0f}) |"
            for name, kind in (("the homework's loop", "homework"), ("`bakeoff build`", "speed"))
        ),
        "",
        f"bakeoff is {least:.1f} times as fast (median: {median:.1f} times). Its pixels against "
        f"those of a full decode: mean {np.mean(result['psnr']):.1f} dB PSNR, lowest {min(result['psnr']):.1f} dB.",
        "",
        "## More photos",
        "",
        "| photos | index, s | selection, s | build, s | peak memory, MiB | peak memory of a worker, MiB |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['photos']:,} | {row['index']:.2f} | {row['selection']:.2f} | {row['build']:.1f} "
            f"| {row['peak']:.0f} | {row['peak of a worker']:.0f} |"
            for row in result["growth"]
        ),
    ]


if __name__ == "__main__":
    main()
