"""Selection over an instances file of Objects365's size: 2 million images, 20 million boxes, 365 categories.

    python benchmarks/objects365.py [--images N] [--home FOLDER]

draws the file, ten boxes an image, with the fields that Objects365's has; how often a category occurs falls as its
rank rises, as there. Then, each in a process of its own, as a user would: `bakeoff select` of all images under all
categories, first without and then with the cache that the first left; and of 2,000 images of each of five categories,
with the cache. The same of a tenth of the images, which shows what a box costs, with its tenth of an image. Peak
memory is the kernel's (`ru_maxrss`). Needs about 5 GB of disk in FOLDER, which is emptied at the end, and 8 GiB of
memory. Writes `benchmarks/results/objects365.json` and `objects365.md`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment

RESULTS = Path(__file__).parent / "results"
IMAGES, BOXES, CATEGORIES = 2_000_000, 10, 365
BLOCK = 50_000
"""Images that are drawn at once."""
SIZES = ((1024, 768), (768, 1024), (769, 512), (800, 600), (640, 480), (512, 769))
SELECTIONS = {
    "all images of 365 categories": """
        classes = "all"
        train_per_class = "all"
        val_per_class = "all"
    """,
    "2,000 images of each of 5": """
        classes = ["category 5", "category 10", "category 20", "category 40", "category 80"]
        train_per_class = 1600
        val_per_class = 400
    """,
}
IMAGE = (
    '{{"height": {}, "id": {}, "license": 5, "width": {}, "file_name": '
    '"images/v1/patch{}/objects365_v1_{}.jpg", "url": ""}}'
)
BOX = (
    '{{"id": {}, "iscrowd": {}, "isfake": 0, "area": {}, "isreflected": 0, "bbox": [{}, {}, {}, {}], '
    '"image_id": {}, "category_id": {}}}'
)


def main() -> None:
    """Draws and selects, small and large; writes what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    runs = [selected(count, asked.home) for count in (asked.images // 10, asked.images)]
    result = {"environment": Environment.current(), "runs": runs, "load": os.getloadavg()[0]}
    write_json(RESULTS / "objects365.json", result)
    (RESULTS / "objects365.md").write_text("\n".join(page(result)) + "\n")


def selected(images: int, home: Path) -> dict:
    """What selection over so many images took."""
    folder = Path(tempfile.mkdtemp(prefix="objects365-", dir=home))
    try:
        file = folder / "zhiyuan_objv2_train.json"
        draw(file, images)
        (all_name, every), (few_name, few) = SELECTIONS.items()
        rows = {}
        for name, settings in {all_name: every, f"{all_name}, cached": every, f"{few_name}, cached": few}.items():
            experiment = folder / "objects365.toml"
            experiment.write_text(f'name = "objects365"\n[data]\nannotations = "{file}"\n{settings}')
            out = folder / ("few" if settings == few else "all")
            rows[name] = measured(["-m", "bakeoff", "select", str(experiment), "--out", str(out)])
            rows[name]["chosen"] = (
                pl.scan_parquet(out / "selection" / "selection.parquet").select(pl.len()).collect().item()
            )
            print(images, name, rows[name], flush=True)
        return {"images": images, "boxes": images * BOXES, "bytes": file.stat().st_size, "stages": rows}
    finally:
        shutil.rmtree(folder)


def draw(path: Path, images: int) -> None:
    """Writes the instances file; the same number of images gives the same bytes."""
    draws = np.random.default_rng(0)
    sizes = draws.integers(len(SIZES), size=images)
    names = [{"id": number, "name": f"category {number}"} for number in range(1, CATEGORIES + 1)]
    starts = range(0, images, BLOCK)
    with path.open("wb") as file:
        file.write(b'{"images": [')
        for start in starts:
            write(file, image_entries(start, np.array(SIZES)[sizes[start : start + BLOCK]]), first=not start)
        file.write(b'], "annotations": [')
        for start in starts:
            write(file, box_entries(start, np.array(SIZES)[sizes[start : start + BLOCK]], draws), first=not start)
        file.write(b'], "licenses": [{"id": 5, "name": "drawn", "url": ""}], "categories": ')
        file.write(json.dumps(names).encode() + b"}")


def write(file, entries: pl.Series, *, first: bool) -> None:
    """Writes entries of a list, behind those that are there."""
    file.write(b", " * (not first) + ", ".join(entries).encode())


def image_entries(start: int, sizes: np.ndarray) -> pl.Series:
    """Entries of `images`, whose ids count on from the start."""
    table = pl.DataFrame({"width": sizes[:, 0], "height": sizes[:, 1]}).with_row_index("id", start + 1)
    name = pl.col("id").cast(pl.String).str.zfill(8)
    return table.select(pl.format(IMAGE, "height", "id", "width", pl.col("id") // BLOCK, name).alias("entry"))["entry"]


def box_entries(start: int, sizes: np.ndarray, draws: np.random.Generator) -> pl.Series:
    """Entries of `annotations` of these images: each has a box, the others fall to images of all kinds of fullness."""
    count = len(sizes)
    fullness = draws.gamma(1.0, size=count)
    boxes = 1 + draws.multinomial((BOXES - 1) * count, fullness / fullness.sum())
    image = np.repeat(np.arange(count), boxes)
    frequency = 1 / np.arange(1, CATEGORIES + 1)
    extent = np.exp(draws.normal(-2.0, 0.8, (len(image), 2))).clip(0.005, 0.95) * sizes[image]
    corner = draws.random((len(image), 2)) * (sizes[image] - extent)
    table = pl.DataFrame(
        {
            "id": start * BOXES + 1 + np.arange(len(image)),
            "crowd": (draws.random(len(image)) < 0.01).astype(np.int8),
            "area": extent.prod(axis=1).round(4),
            **{name: corner[:, axis].round(6) for axis, name in enumerate(("x", "y"))},
            **{name: extent[:, axis].round(6) for axis, name in enumerate(("width", "height"))},
            "image": start + 1 + image,
            "category": 1 + draws.choice(CATEGORIES, len(image), p=frequency / frequency.sum()),
        }
    )
    return table.select(pl.format(BOX, *table.columns).alias("entry"))["entry"]


def measured(command: list[str]) -> dict[str, float]:
    """Seconds of a process, of its processors, and its peak memory in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} failed")
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, (small, large) = result["environment"], result["runs"]
    more = large["boxes"] - small["boxes"]
    return [
        f"# Selection over {large['images']:,} images and {large['boxes']:,} boxes of {CATEGORIES} categories",
        "",
        f"Written by `benchmarks/objects365.py`. Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors; "
        + ", ".join(f"{name} {number}" for name, number in environment.versions.items())
        + f". Other work ran on the machine (load {result['load']:.0f} at the end).",
        "",
        f"The file has {large['bytes'] / 2**30:.1f} GiB. `bakeoff select`, each time a process of its own; peak memory "
        "as the kernel counts it. A box: what it adds to the peak, with its tenth of an image, between "
        f"{small['boxes']:,} boxes and {large['boxes']:,}.",
        "",
        "| selection | images chosen | seconds | processor seconds | peak, MiB | of a tenth, MiB | a box, bytes |",
        "|---|---|---|---|---|---|---|",
        *(line(name, row, small["stages"][name], more) for name, row in large["stages"].items()),
    ]


def line(name: str, row: dict, tenth: dict, more: int) -> str:
    """A selection's line of the table; `more` are the boxes that a tenth of the file has not."""
    box = 2**20 * (row["peak"] - tenth["peak"]) / more
    return (
        f"| {name} | {row['chosen']:,} | {row['seconds']:,.0f} | {row['cpu']:,.0f} | {row['peak']:,.0f} | "
        f"{tenth['peak']:,.0f} | {box:,.0f} |"
    )


if __name__ == "__main__":
    main()
