"""Which digest seals the files, and what the seals cost: SHA-256 beside BLAKE2 and BLAKE3, and its share of a run.

    python benchmarks/seals.py [--photos N]

hashes 64 MiB with each digest in turns, one thread each (BLAKE3 where the package `blake3` is installed). Then, with as
many drawn photos of 64 px as the homework has, the part of the time of `bakeoff train` and `bakeoff report` in which
digests of sealed files are taken, by this process: net1, one seed, the fastest of the homework's networks, after one
epoch in batches of 64 and after the homework's 15 of 4. Writes `benchmarks/results/seals.json` and `seals.md`.
"""

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from million import write_experiment, write_photos

from bakeoff.config.loading import load_experiment
from bakeoff.core import seals
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.workflow import pipeline

RESULTS = Path(__file__).parent / "results"
PHOTOS, ROUNDS, MEBIBYTES = 10_000, 9, 64
RUNS = {"one epoch, batches of 64": (1, 64), "15 epochs, batches of 4": (15, 4)}


def main() -> None:
    """Measures both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    asked = parser.parse_args()
    result = {
        "environment": Environment.current(),
        "digests": digests(),
        "photos": asked.photos,
        "stages": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder, asked.photos)
        experiment = str(write_experiment(folder, 0))
        for run, (epochs, batch) in RUNS.items():
            out = folder / f"out-{epochs}"
            recipe = [f"training.epochs={epochs}", f"training.batch_size={batch}"]
            settings = [*recipe, "data.val_fraction=0.2", "training.executor=serial", "training.device=cpu"]
            config = load_experiment(experiment, settings)
            pipeline.build(config, out)
            result["stages"][f"train, {run}"] = share(lambda own=config, to=out: pipeline.train(own, to))
            result["stages"][f"report, {run}"] = share(lambda to=out: pipeline.write_report(to))
    write_json(RESULTS / "seals.json", result)
    (RESULTS / "seals.md").write_text("\n".join(page(result)) + "\n")


def digests() -> dict[str, dict[str, float]]:
    """By digest the median of MiB a second, and of the ratio to SHA-256 in the same round."""
    kinds: dict[str, Callable[[bytes], object]] = {
        "SHA-256": lambda raw: hashlib.sha256(raw).digest(),
        "BLAKE2b": lambda raw: hashlib.blake2b(raw).digest(),
    }
    if find_spec("blake3"):
        blake3 = import_module("blake3").blake3
        kinds[f"BLAKE3 {version('blake3')}"] = lambda raw: blake3(raw).digest()
    raw = np.random.default_rng(0).bytes(MEBIBYTES * 2**20)
    rounds = [{kind: _seconds(lambda own=own: own(raw)) for kind, own in kinds.items()} for _ in range(ROUNDS)]
    return {
        kind: {
            "MiB a second": statistics.median(MEBIBYTES / each[kind] for each in rounds),
            "times SHA-256": statistics.median(each["SHA-256"] / each[kind] for each in rounds),
        }
        for kind in kinds
    }


def share(work: Callable[[], object]) -> dict[str, float]:
    """Seconds of some work, and of the digests in it."""
    spent, digest = 0.0, seals._digest

    def timed(path: Path) -> str:
        nonlocal spent
        begun = time.perf_counter()
        found = digest(path)
        spent += time.perf_counter() - begun
        return found

    seals._digest = timed
    try:
        return {"seconds": _seconds(work), "digests": spent}
    finally:
        seals._digest = digest


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    versions = ", ".join(f"{name} {number}" for name, number in environment.versions.items())
    return [
        "# Seals",
        "",
        f"Written by `benchmarks/seals.py`. Made with Python {environment.python}, {environment.platform}, "
        f"{environment.processors} processors; {versions}. Other work may have run on the machine: the ratios count.",
        "",
        f"{MEBIBYTES} MiB in memory, one thread, medians of {ROUNDS} rounds:",
        "",
        "| digest | MiB a second | times SHA-256 |",
        "|---|---|---|",
        *(
            f"| {kind} | {row['MiB a second']:,.0f} | {row['times SHA-256']:.2f} |"
            for kind, row in result["digests"].items()
        ),
        "",
        f"The part of the time in which digests are taken; {result['photos']:,} photos of 64 px, net1, "
        "one seed, by one process:",
        "",
        "| stage | seconds | of them digests | part |",
        "|---|---|---|---|",
        *(
            f"| {stage} | {row['seconds']:.1f} | {row['digests']:.2f} | {100 * row['digests'] / row['seconds']:.2f} % |"
            for stage, row in result["stages"].items()
        ),
    ]


if __name__ == "__main__":
    main()
