"""An instances file of train2017's size, read by bakeoff and by other tools, side by side: time and peak memory.

    python benchmarks/index.py [FILE] [--repeats N] [--no-others]

draws the file by `instances.py` where it does not exist (by default `instances_train.json` in the temporary folder).
Each measurement is a process of its own; the readers take turns. A reader reads the file and lists the images of five
categories; then it chooses 2,000 images of each, no image twice: bakeoff by its policy `balanced` with a ledger of
every candidate, the others at random, as the homework does. Modules are loaded before the clock starts. Tools that
bakeoff does not depend on (`others.py`) are installed in environments of their own, and measured once. Writes
`benchmarks/results/index.json` and `index.md`.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from instances import draw_instances
from others import QUOTA, choose_unused, peak_mib

from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment

RESULTS = Path(__file__).parent / "results"
CATEGORIES = ("boat", "couch", "dog", "cake", "motorcycle")
ORACLE = "pycocotools"
OTHERS = ("datumaro",)
Tool = tuple[Callable[[], list[int]], Callable[[], int]]
"""Reads the file and gives the number of images a category; then chooses, and gives the number of images chosen."""
GOALS = {"bakeoff": (1 / 10, 1 / 5), "bakeoff, from its cache": (1 / 100, None)}
"""Of pycocotools' time and peak memory."""


def main() -> None:
    """Measures all readers, or with `--reader` one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=Path(tempfile.gettempdir()) / "instances_train.json")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-others", action="store_true", help="only what is installed here")
    parser.add_argument("--reader", choices=READERS, help="measure this one here, and print what was measured")
    options = parser.parse_args()
    if options.reader:
        print(json.dumps(measure(READERS[options.reader], options.file)))
        return
    if not options.file.exists():
        draw_instances(options.file)
    in_process(CACHED, options.file)
    rows: dict[str, list[dict]] = {name: [] for name in READERS}
    for _ in range(options.repeats):
        for name in READERS:
            rows[name].append(in_process(name, options.file))
    lacking = {}
    for name in () if options.no_others else OTHERS:
        row = with_other(name, options.file)
        if isinstance(row, dict):
            rows[name] = [row]
        else:
            lacking[name] = row
    counts = [row.pop("images") for reader in rows.values() for row in reader]
    if any(count != counts[0] for count in counts):
        sys.exit(f"the readers do not agree: {counts}")
    results = {
        "environment": Environment.current(),
        "bytes": options.file.stat().st_size,
        "images": dict(zip(CATEGORIES, counts[0], strict=True)),
        "repeats": rows,
        "not installed": lacking,
        "ratios": {name: ratios(own, rows[ORACLE]) for name, own in rows.items() if name != ORACLE},
    }
    write_json(RESULTS / "index.json", results)
    (RESULTS / "index.md").write_text("\n".join(page(results)) + "\n")


def with_pycocotools(path: Path) -> Tool:
    """As its own demonstration does it."""
    from pycocotools.coco import COCO

    ids: dict[str, list[int]] = {}

    def read() -> list[int]:
        with contextlib.redirect_stdout(None):
            coco = COCO(str(path))
        ids.update({name: coco.getImgIds(catIds=coco.getCatIds(catNms=[name])) for name in CATEGORIES})
        return [len(ids[name]) for name in CATEGORIES]

    return read, lambda: choose_unused(ids)


def with_bakeoff(path: Path, cache: Path | None = None) -> Tool:
    """Anew, or from the cache."""
    from bakeoff.config.data import SelectionConfig
    from bakeoff.data.coco import images_with, read_index
    from bakeoff.data.selection import select

    held = []

    def read() -> list[int]:
        index = read_index(path, cache)
        held.append(index)
        ids = dict(index.categories.select("name", "category_id").iter_rows())
        return [len(images_with(index, ids[name])) for name in CATEGORIES]

    def choose() -> int:
        train = QUOTA * 4 // 5
        config = SelectionConfig(CATEGORIES, train_per_class=train, val_per_class=QUOTA - train)
        return select(held[0], config).chosen.height

    return read, choose


def from_cache(path: Path) -> Tool:
    """From a cache beside the file, which the first read of it makes."""
    return with_bakeoff(path, path.with_name(f"{path.name}-cache"))


CACHED = "bakeoff, from its cache"
READERS: dict[str, Callable[[Path], Tool]] = {
    ORACLE: with_pycocotools,
    "bakeoff": with_bakeoff,
    CACHED: from_cache,
}


def measure(prepare: Callable[[Path], Tool], path: Path) -> dict:
    """Wall and CPU seconds of one read, those of the choice, this process's peak memory in MiB, and what was found."""
    read, choose = prepare(path)
    wall, cpu = time.perf_counter(), time.process_time()
    images = read()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_mib()
    begun = time.perf_counter()
    chosen = choose()
    choice = time.perf_counter() - begun
    found = {"images": images, "chosen": chosen, "selection_seconds": choice}
    return {"seconds": wall, "cpu_seconds": cpu, "peak_mib": peak, **found}


def in_process(name: str, path: Path) -> dict:
    """What `measure` tells, in a process of its own."""
    command = [sys.executable, __file__, str(path), "--reader", name]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def with_other(name: str, path: Path) -> dict | str:
    """What a tool in an environment of its own tells, or why it can't."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        installed = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", name], capture_output=True, text=True, check=False
        )
        if installed.returncode:
            return installed.stderr.strip().splitlines()[-1]
        command = [python, Path(__file__).with_name("others.py"), name, path, *CATEGORIES]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(ended.stdout.splitlines()[-1]) if ended.returncode == 0 else ended.stderr.splitlines()[-1]


def ratios(rows: list[dict], oracle: list[dict]) -> dict:
    """How many times faster and smaller than the oracle: of the minima and of the medians."""
    return {
        key: {
            kind.__name__: kind(row[key] for row in oracle) / kind(row[key] for row in rows)
            for kind in (min, statistics.median)
        }
        for key in ("seconds", "cpu_seconds", "peak_mib")
    }


def page(results: dict) -> list[str]:
    """The results as Markdown."""
    environment, rows = results["environment"], results["repeats"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "numpy", "polars"))
    return [
        "# Reading an instances file of train2017's size",
        "",
        f"{results['bytes']:,} bytes, 118,287 images, 860,001 annotations with polygons, drawn by "
        f"`benchmarks/instances.py`; read, then the images of {', '.join(CATEGORIES)} listed. Written by "
        f"`benchmarks/index.py`: {len(rows[ORACLE])} times each, in turns, each in a process of its own"
        + (f"; {', '.join(OTHERS)} once." if rows.keys() & set(OTHERS) else "."),
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}. Other work ran on the same machine: the ratios count, not the seconds.",
        "",
        "| reader | seconds, least (median) | CPU seconds, least (median) | peak memory, MiB | choosing 5 × 2,000, s |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {shown(of, 'seconds')} | {shown(of, 'cpu_seconds')} | "
            f"{max(row['peak_mib'] for row in of):,.0f} | {min(row['selection_seconds'] for row in of):.2f} |"
            for name, of in rows.items()
        ),
        *(f"| {name} | does not install here: {why} | | | |" for name, why in results["not installed"].items()),
        "",
        "| against pycocotools | time, least (median) | CPU time | peak memory | goal |",
        "|---|---|---|---|---|",
        *(goal_row(name, found) for name, found in results["ratios"].items()),
    ]


def shown(rows: list[dict], key: str) -> str:
    """The least and the median."""
    values = [row[key] for row in rows]
    return f"{min(values):.2f} ({statistics.median(values):.2f})"


def goal_row(name: str, found: dict) -> str:
    """How many times better, beside what was asked for."""
    time_goal, memory_goal = GOALS.get(name, (None, None))
    cells = [f"1/{found[key]['min']:.1f} (1/{found[key]['median']:.1f})" for key in ("seconds", "cpu_seconds")]
    if time_goal is None:
        return f"| {name} | {' | '.join(cells)} | 1/{found['peak_mib']['median']:.1f} | |"
    goal = f"1/{1 / time_goal:.0f} of the time" + (f", 1/{1 / memory_goal:.0f} of the memory" if memory_goal else "")
    met = found["seconds"]["median"] >= 1 / time_goal and (
        memory_goal is None or found["peak_mib"]["median"] >= 1 / memory_goal
    )
    return (
        f"| {name} | {' | '.join(cells)} | 1/{found['peak_mib']['median']:.1f} | {goal}: {'met' if met else 'missed'} |"
    )


if __name__ == "__main__":
    main()
