"""What 10, 100 and 1,000 GPUs would give, and where it ends: a simulation with the times that `ray.py` measured.

    python benchmarks/scale.py [--runs-per-gpu 100]

A sweep of so many runs per GPU, several at once on each. The command puts the data set into the object store; it
travels to the first node, and from each node that has it to another; each worker starts once. A run takes its
training, what the cluster adds to it, and at its end goes to the command, which writes one after the other. Nodes die
at random; their runs lose half an epoch on average. The network between nodes, the start of a worker on a GPU, the
deaths and the training times are assumed, the rest is measured (`benchmarks/results/ray.json`). Writes
`benchmarks/results/scale.json` and `scale.md`.
"""

import argparse
import heapq
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import msgspec
import numpy as np

from bakeoff.core.storage import write_json

RESULTS = Path(__file__).parent / "results"
GPUS, SECONDS = (1, 10, 100, 1000), (5.0, 60.0, 600.0)
AT_ONCE, GPUS_PER_NODE, EPOCHS = 4, 8, 15
NETWORK, START = 10e9 / 8, 15.0
"""Bytes per second between two nodes, and seconds until a worker has loaded torch and CUDA."""
DATASET = 8_000 * 64 * 64 * 3
"""Bytes of the homework's training photos."""
LIFE = 30 * 24 * 3600.0
"""Mean seconds until a node dies."""
SPREAD = 0.1
"""Standard deviation of a run's training time, as a fraction of it."""


@dataclass(frozen=True)
class Times:
    """What was measured, in seconds.

    Attributes:
        overhead: What the cluster adds to a run.
        driver: What the command needs for each run that ends.
        put: Until the data set is in the object store.
    """

    overhead: float
    driver: float
    put: float


def main() -> None:
    """Simulates, and writes what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs-per-gpu", type=int, default=100)
    asked = parser.parse_args()
    times = measured()
    rows = []
    for seconds, gpus in product(SECONDS, GPUS):
        wall = simulate(gpus, gpus * asked.runs_per_gpu, seconds, times)
        ideal = asked.runs_per_gpu * seconds / AT_ONCE
        rows.append({"seconds": seconds, "gpus": gpus, "wall": wall, "efficiency": ideal / wall})
    result = {"times": times, "runs per gpu": asked.runs_per_gpu, "rows": rows}
    write_json(RESULTS / "scale.json", result)
    (RESULTS / "scale.md").write_text("\n".join(page(times, asked.runs_per_gpu, rows)) + "\n")


def measured() -> Times:
    """The times of `ray.json`."""
    found = msgspec.json.decode((RESULTS / "ray.json").read_bytes())
    own, sent = found["overhead"], found["transfer"]
    driver = own["driver processor seconds, a run"] + own["seconds to write a run"]
    put = sent["put seconds"] * DATASET / sent["bytes"]
    return Times(max(0.0, own["overhead seconds, a run"]), driver, put)


def simulate(gpus: int, runs: int, seconds: float, times: Times) -> float:
    """The seconds of a sweep."""
    draws = np.random.default_rng(gpus)
    slots = [(arrival(slot // (GPUS_PER_NODE * AT_ONCE), times) + START, slot) for slot in range(gpus * AT_ONCE)]
    heapq.heapify(slots)
    training = draws.normal(seconds, SPREAD * seconds, runs).clip(0.5 * seconds)
    dies = draws.random(runs) < seconds / LIFE
    ended = []
    for took, died in zip(training, dies, strict=True):
        free, slot = heapq.heappop(slots)
        end = free + took + times.overhead + (seconds / EPOCHS / 2 + START if died else 0.0)
        ended.append(end)
        heapq.heappush(slots, (end, slot))
    written = 0.0
    for end in sorted(ended):
        written = max(written, end) + times.driver
    return float(written)


def arrival(node: int, times: Times) -> float:
    """When a node has the data set: with each round as many more nodes have it as had it before."""
    return times.put + (node + 1).bit_length() * DATASET / NETWORK


def page(times: Times, runs: int, rows: list[dict[str, float]]) -> list[str]:
    """The results as Markdown."""
    limit = {seconds: seconds / AT_ONCE / times.driver for seconds in SECONDS}
    cells = {(row["seconds"], row["gpus"]): row for row in rows}
    return [
        "# What more GPUs would give",
        "",
        f"Simulated by `benchmarks/scale.py`, not measured: {runs} runs per GPU, {AT_ONCE} at once on each, "
        f"{GPUS_PER_NODE} GPUs a node. Measured (`ray.md`): {times.overhead:.3f} s that the cluster adds to a run, "
        f"{times.driver:.3f} s of the command per run. Assumed: {NETWORK * 8 / 1e9:.0f} Gbit/s between nodes, "
        f"{START:.0f} s to start a worker, a node's life of {LIFE / 86400:.0f} days, training times that "
        f"differ by {SPREAD:.0%}.",
        "",
        "Hours of the sweep, and the fraction of the time in which GPUs train:",
        "",
        "| training of a run | "
        + " | ".join(f"{gpus:,} GPU{'s' * (gpus > 1)}" for gpus in GPUS)
        + " | the command limits from |",
        "|---|" + "---|" * (len(GPUS) + 1),
        *(
            f"| {seconds:.0f} s | "
            + " | ".join(
                f"{cells[seconds, gpus]['wall'] / 3600:.2f} h, {cells[seconds, gpus]['efficiency']:.0%}"
                for gpus in GPUS
            )
            + f" | {limit[seconds]:,.0f} GPUs |"
            for seconds in SECONDS
        ),
        "",
        f"It ends at the command, which takes the results one after the other: {1 / times.driver:,.1f} runs a second, "
        f"{3600 / times.driver:,.0f} an hour, whatever the cluster.",
    ]


if __name__ == "__main__":
    main()
