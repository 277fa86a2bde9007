"""A data set built, and a folder audited, by the nodes of a Ray cluster and by this machine alone.

    python benchmarks/ray_build.py [--photos 4000] [--repeats 5]

starts a cluster on this machine (three nodes of one processor) and builds the same data set of drawn photos of full
resolution in turns: by as many processes as the cluster has processors, and by its nodes; all files are compared. Then
the photos are audited as a folder with a folder per class, in this process and by the nodes. The first turn by the
nodes, in which their workers start, is given by itself. Writes `benchmarks/results/ray_build.json` and
`ray_build.md`.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

sys.path.pop(0)  # this folder, where `import ray` would find `ray.py`
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.build import FULL, SETTINGS, choose, drawn, lay_out
from tests.ray_cluster import files_in, ray_cluster

from bakeoff.config.cluster import ClusterConfig
from bakeoff.core.progress import silent
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data import inputs
from bakeoff.data.build import build
from bakeoff.data.source import open_source
from bakeoff.workflow.ray_map import ray_map

RESULTS = Path(__file__).parent / "results"
NODES = 3
HERE, THERE = "this machine", "the cluster"


def main() -> None:
    """Builds and audits in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bakeoff-ray-") as name, ray_cluster(NODES) as cluster:
        import ray

        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        try:
            result = measured(Path(name), asked.photos, asked.repeats)
        finally:
            ray.shutdown()
        result = {"environment": Environment.current(), "photos": asked.photos, "ray": ray.__version__, **result}
    write_json(RESULTS / "ray_build.json", result)
    (RESULTS / "ray_build.md").write_text("\n".join(page(msgspec.to_builtins(result))) + "\n")


def measured(home: Path, photos: int, repeats: int) -> dict[str, object]:
    """Seconds of each turn by what was done and where."""
    lay_out(home / "all", drawn(FULL), photos)
    grow_tree(home / "tree", home / "all" / "photos")
    chosen, source = choose(home / "all"), open_source(str(home / "all" / "photos"))
    nodes = partial(ray_map, ClusterConfig())
    memory: list[tuple[float, float]] = []

    def built(elsewhere: object) -> object:
        own = Memory(photos)
        folder = home / "built"
        build(chosen, source, folder, workers=0 if elsewhere else NODES, elsewhere=elsewhere, progress=own, **SETTINGS)
        if elsewhere:
            memory.append((own.quarter, own.end))
        return files_in(folder)

    def audited(elsewhere: object) -> object:
        return inputs.audit(home / "tree", "", silent, elsewhere)

    return {
        "build": in_turns(built, nodes, repeats),
        "audit": in_turns(audited, nodes, repeats),
        "MiB of the command after a quarter and all photos": memory,
    }


def grow_tree(root: Path, photos: Path) -> None:
    """The photos as a folder with two folders, of one class each."""
    for number, path in enumerate(sorted(photos.iterdir())):
        folder = root / ("even", "odd")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / path.name).hardlink_to(path)


def in_turns(work: Callable[[object], object], nodes: object, repeats: int) -> dict[str, object]:
    """Seconds of work here and by the nodes, and of the first turn by the nodes; refuses results that differ."""
    first, expected = clocked(work, nodes)
    seconds: dict[str, list[float]] = {HERE: [], THERE: []}
    for _ in range(repeats):
        for name, elsewhere in ((HERE, None), (THERE, nodes)):
            took, found = clocked(work, elsewhere)
            seconds[name].append(took)
            if found != expected:
                raise RuntimeError(f"{name} gives another result")
    return {"first": first, "seconds": seconds}


def clocked(work: Callable[[object], object], elsewhere: object) -> tuple[float, object]:
    """Seconds and the result."""
    start = time.perf_counter()
    found = work(elsewhere)
    return time.perf_counter() - start, found


class Memory:
    """The memory of this process with what it maps of the object store, MiB: after a quarter of the photos, and all."""

    def __init__(self, photos: int) -> None:
        self.at, self.quarter, self.end = photos // 4, 0.0, 0.0

    def __call__(self, done: int, total: int) -> None:
        if done == self.at:
            self.quarter = resident()
        if done == total:
            self.end = resident()


def resident() -> float:
    """The memory of this process, MiB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, photos = result["environment"], result["photos"]
    versions = ", ".join(
        f"{name} {environment['versions'][name]}" for name in ("bakeoff", "numpy", "pillow", "opencv-python-headless")
    )
    quarter, end = map(
        statistics.median, zip(*result["MiB of the command after a quarter and all photos"], strict=True)
    )
    return [
        "# Photos read by a Ray cluster",
        "",
        f"Written by `benchmarks/ray_build.py`: {NODES} nodes of one processor each on one machine, which see the same "
        f"folder; {photos:,} drawn photos of 640 x 480 and 640 x 427 pixels, in turns. Made with Python "
        f"{environment['python']}, {environment['platform']}, {environment['processors']} processors, which other "
        f"programs used as well: the ratios count. {versions}, ray {result['ray']}.",
        "",
        "| | this machine alone, s, median (least to most) | the cluster, s | the cluster / this machine, by turns | "
        "the cluster's first turn, s |",
        "|---|---|---|---|---|",
        row(f"`build`, {NODES} processes or {NODES} nodes", result["build"]),
        row("`audit`, one process or the nodes", result["audit"]),
        "",
        "Each build here starts its processes anew; the workers of the nodes start in the first turn, and stay.",
        "",
        "All data sets are the same bytes, all audits the same. While the cluster builds, the command takes "
        f"{quarter:.0f} MiB after a quarter of the photos and {end:.0f} MiB after the last one.",
    ]


def row(name: str, own: dict) -> str:
    """What was measured of one kind of work."""
    here, there = own["seconds"][HERE], own["seconds"][THERE]
    ratios = [far / near for near, far in zip(here, there, strict=True)]
    return f"| {name} | {spread(here, 1)} | {spread(there, 1)} | {spread(ratios, 2)} | {own['first']:.1f} |"


def spread(values: list[float], digits: int) -> str:
    """The median, the least and the most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
