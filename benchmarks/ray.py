"""A sweep on a Ray cluster of three nodes: lost nodes, lost drivers, what it costs, and how fast things travel.

    python benchmarks/ray.py [--runs 40] [--tiny 1000] [--tiny-epochs 3] [--only overhead]

starts the cluster on this machine (three nodes of one processor) and trains net1 on a drawn sample with so many seeds
in one process (`serial`), then on the cluster: once while a node is killed in the middle, once while the command is
killed in the middle and started again. All runs are compared byte by byte, but for wall times. Then so many runs are
trained one after the other, in this process and on the cluster, in turns: what a run takes beyond its training tells
what the cluster costs. Writes `benchmarks/results/ray.json` and `ray.md`; `benchmarks/scale.py` goes on from there.
With `--only` one part is measured, and the others stay as they were written.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

sys.path.pop(0)  # this folder, where `import ray` would find this file
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.ray_cluster import kill_node, ray_cluster
from tests.workflow.test_interruption import contents

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.core.progress import RunProgress
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.data.sample import draw_sample
from bakeoff.workflow import pipeline
from bakeoff.workflow.executors import ray as executor
from bakeoff.workflow.executors.bundle import unpack
from bakeoff.workflow.executors.nodes import check_nodes

RESULTS = Path(__file__).parent / "results"
EPOCHS, PIECE = 4, 5
SETTINGS = (
    *("data.train_per_class=8", "data.val_per_class=4", "data.size=16", "data.workers=1"),
    *("training.networks=net1", "training.device=cpu", "evaluation.explain=0", f"training.epochs={EPOCHS}"),
)
CHECKED, WRITTEN = list[float](), list[float]()
SENT = 2_000 * 64 * 64 * 3
"""Bytes of 2,000 photos, which fit into the small object stores of these nodes."""


def main() -> None:
    """Loses a node and a driver, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--tiny", type=int, default=1000)
    parser.add_argument("--tiny-epochs", type=int, default=3)
    parser.add_argument("--only", choices=("lost", "overhead"))
    asked = parser.parse_args()
    executor.check_nodes, executor.unpack = timed(check_nodes, CHECKED), timed(unpack, WRITTEN)
    with tempfile.TemporaryDirectory(prefix="bakeoff-ray-") as name:
        bench = Bench(Path(name))
        result = msgspec.json.decode((RESULTS / "ray.json").read_bytes()) if asked.only else {}
        result["environment"] = Environment.current()
        with ray_cluster() as cluster:
            if asked.only in (None, "lost"):
                bench.serial(asked.runs)
                result |= {"runs": asked.runs, "epochs": EPOCHS}
                result["driver"] = bench.lose_driver(asked.runs, cluster.address)
                save(result)
            with connected(cluster.address):
                if asked.only in (None, "overhead"):
                    for found in bench.overhead(asked.tiny, asked.tiny_epochs):
                        result["overhead"] = found
                        save(result)
                if asked.only in (None, "lost"):
                    result["transfer"] = transfer()
                    result["node"] = bench.lose_node(asked.runs, lambda: kill_node(cluster))
                    save(result)


class Bench:
    """The drawn sample, its data set, and the runs that are compared.

    Args:
        home: For all that is written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        draw_sample(home / "sample", images=160)
        self.paths = (
            f"data.annotations={home / 'sample' / 'instances.json'}",
            f"data.images={home / 'sample' / 'images'}",
        )
        pipeline.build(self.config(), home / "built")

    def options(self, *more: str) -> tuple[str, ...]:
        """The settings of a sweep."""
        return *SETTINGS, *self.paths, *more

    def config(self, *more: str) -> ExperimentConfig:
        """The configuration of a sweep."""
        return load_experiment("demo", self.options(*more))

    def fresh(self, name: str) -> Path:
        """An experiment's folder without runs."""
        return Path(shutil.copytree(self.home / "built", self.home / name))

    def serial(self, runs: int) -> None:
        """What all others are compared with."""
        pipeline.train(self.config(f"training.seeds={runs}", "training.executor=serial"), self.fresh("serial"))

    def same(self, folder: Path, runs: int) -> int:
        """How many runs have the bytes of the serial ones."""
        names = [f"net1-seed{seed}" for seed in range(runs)]
        return sum(contents(folder / "runs" / name) == contents(self.home / "serial" / "runs" / name) for name in names)

    def lose_node(self, runs: int, kill: Callable[[], None]) -> dict[str, object]:
        """A sweep of which a node is killed when half of the runs have ended."""
        folder, begun_again, ended, start = self.fresh("node"), list[str](), list[str](), time.perf_counter()

        def monitor(title: str) -> RunProgress:
            def progress(done: int, total: int, status: str = "", /) -> None:
                if status.startswith("begun again"):
                    begun_again.append(title)
                if (done, total) == (1, 1):
                    ended.append(title)
                    if len(ended) == runs // 2:
                        kill()

            return progress

        pipeline.train(self.config(f"training.seeds={runs}", "training.executor=ray"), folder, monitor=monitor)
        return {
            "same bytes": self.same(folder, runs),
            "begun again": len(begun_again),
            "seconds": time.perf_counter() - start,
        }

    def lose_driver(self, runs: int, address: str) -> dict[str, object]:
        """A command that is killed when a quarter of the runs have ended, and repeated."""
        folder = self.fresh("driver")
        more = (f"training.seeds={runs}", "training.executor=ray", f"cluster.address={address}")
        options = [part for own in self.options(*more) for part in ("--set", own)]
        command = [sys.executable, "-m", "bakeoff", "train", "demo", "--out", str(folder), *options]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        while len([*folder.glob("runs/net1-seed*")]) < runs // 4:
            if process.poll() is not None:
                raise RuntimeError(f"the command ended with {process.returncode}")
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kept = {path: path.stat().st_mtime_ns for path in folder.glob("runs/net1-seed*")}
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return {
            "runs before": len(kept),
            "kept": sum(path.stat().st_mtime_ns == before for path, before in kept.items()),
            "same bytes": self.same(folder, runs),
        }

    def overhead(self, runs: int, epochs: int) -> Iterator[dict[str, object]]:
        """What a run takes beyond its training, one at a time: in this process and on the cluster, in turns so far."""
        self._piece("warm-up", "ray", range(3), epochs)
        WRITTEN.clear()
        spent: dict[str, list[tuple[float, ...]]] = {"serial": [], "ray": []}
        for first in range(0, runs, PIECE):
            seeds = range(first, min(first + PIECE, runs))
            for name, own in spent.items():
                own.append(self._piece(f"{name}-{first}", name, seeds, epochs))
            yield {"epochs": epochs, **self._cost(spent, seeds.stop)}

    def _cost(self, spent: dict[str, list[tuple[float, ...]]], runs: int) -> dict[str, object]:
        wall, training, driver, check = (
            {name: sum(own[place] for own in pieces) for name, pieces in spent.items()} for place in range(4)
        )
        beyond = {name: (wall[name] - check[name] - training[name]) / runs for name in spent}
        turns = [
            sum(sign * (own[0] - own[1] - own[3]) for sign, own in zip((-1, 1), pair, strict=True))
            for pair in zip(spent["serial"], spent["ray"], strict=True)
        ]
        return {
            "runs": runs,
            "wall seconds": wall,
            "training seconds": training,
            "seconds beyond training, a run": beyond,
            "overhead seconds, a run": beyond["ray"] - beyond["serial"],
            "its 95 % interval, seconds": 1.96 * float(np.std(turns)) * len(turns) ** 0.5 / runs,
            "overhead fraction": (beyond["ray"] - beyond["serial"]) / (wall["serial"] / runs),
            "seconds to check the nodes": check["ray"] / len(spent["ray"]),
            "driver processor seconds, a run": driver["ray"] / runs,
            "seconds to write a run": sum(WRITTEN) / runs,
        }

    def _piece(self, name: str, executor_name: str, seeds: range, epochs: int) -> tuple[float, ...]:
        """Seconds of a sweep: wall time, training, this process's processor, and the check of the nodes."""
        folder = self.fresh(name)
        config = self.config(
            f"training.seeds={list(seeds)}",
            f"training.executor={executor_name}",
            "training.workers=1",
            f"training.epochs={epochs}",
        )
        CHECKED.clear()
        start, busy = time.perf_counter(), time.process_time()
        runs = pipeline.train(config, folder)
        wall, busy = time.perf_counter() - start, time.process_time() - busy
        shutil.rmtree(folder)
        return wall, sum(run.record.seconds for run in runs), busy, sum(CHECKED)


def timed(function: Callable[..., object], seconds: list[float]) -> Callable[..., object]:
    """A function that notes how long each call takes."""

    def call(*arguments: object) -> object:
        start = time.perf_counter()
        found = function(*arguments)
        seconds.append(time.perf_counter() - start)
        return found

    return call


def transfer() -> dict[str, float]:
    """Seconds for a data set's bytes into the object store, and from there to each other node."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def fetch(wrapped: list[object]) -> float:
        start = time.perf_counter()
        int(ray.get(wrapped[0])[-1])
        return time.perf_counter() - start

    photos = np.random.default_rng(0).integers(0, 256, SENT, np.uint8)
    here = ray.get_runtime_context().get_node_id()
    others = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["NodeID"] != here]
    start = time.perf_counter()
    kept = ray.put(photos)
    put = time.perf_counter() - start
    there = [NodeAffinitySchedulingStrategy(node, soft=False) for node in others]
    work = ray.remote(fetch)
    took = [ray.get(work.options(num_cpus=0, scheduling_strategy=own).remote([kept])) for own in there]
    return {"bytes": SENT, "put seconds": put, "seconds to a node": float(np.median(took))}


@contextmanager
def connected(address: str) -> Iterator[None]:
    """A connection to the cluster for all sweeps within the block."""
    import ray

    ray.init(address, log_to_driver=False, logging_level="ERROR")
    try:
        yield
    finally:
        ray.shutdown()


def save(result: dict[str, object]) -> None:
    """Writes what was measured so far."""
    write_json(RESULTS / "ray.json", result)
    plain = msgspec.to_builtins(result)
    (RESULTS / "ray.md").write_text("\n".join(page(plain)) + "\n")


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    import ray

    environment, runs = result["environment"], result["runs"]
    versions = ", ".join(f"{name} {environment['versions'][name]}" for name in ("bakeoff", "torch"))
    return [
        "# A sweep on a Ray cluster",
        "",
        f"Written by `benchmarks/ray.py`: three nodes of one processor each on one machine; net1 on 40 drawn photos of "
        f"16 pixels, {result['epochs']} epochs. Made with Python {environment['python']}, {environment['platform']}, "
        f"{environment['processors']} processors, which other programs used as well; {versions}, "
        f"ray {ray.__version__}.",
        "",
        *(
            line
            for key, write in (("node", node), ("driver", driver), ("overhead", overhead), ("transfer", sent))
            if key in result
            for line in write(result[key], runs)
        ),
    ]


def node(own: dict, runs: int) -> list[str]:
    """What losing a node did."""
    return [
        f"A node killed after half of {runs} runs: {own['begun again']} begun again on another node, "
        f"{own['same bytes']} of {runs} with the bytes of `serial` (weights, predictions, specification, log and "
        "record without wall times).",
        "",
    ]


def driver(own: dict, runs: int) -> list[str]:
    """What losing the command did."""
    return [
        f"The command killed after {own['runs before']} runs and started again: {own['kept']} of these kept as "
        f"they were, {own['same bytes']} of {runs} with the bytes of `serial`.",
        "",
    ]


def overhead(own: dict, _runs: int) -> list[str]:
    """What a run costs on the cluster."""
    beyond = own["seconds beyond training, a run"]
    return [
        f"{own['runs']} tiny runs of {own['epochs']} epochs, one after the other, in turns of {PIECE} in one process "
        "and on the cluster:",
        "",
        "| executor | seconds in all | of which training | beyond training, a run |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {own['wall seconds'][name]:.1f} | {own['training seconds'][name]:.1f} | {beyond[name]:.3f} |"
            for name in beyond
        ),
        "",
        f"The cluster costs {own['overhead seconds, a run']:.3f} s a run "
        f"(± {own['its 95 % interval, seconds']:.3f} s, 95 % over the turns), "
        f"{100 * own['overhead fraction']:.1f} % of these tiny ones. "
        "The start of a sweep, in which the nodes are checked, takes "
        f"{own['seconds to check the nodes']:.2f} s once and is not in it. The command's processor is "
        f"busy for {own['driver processor seconds, a run']:.3f} s a run, and writing its folder takes "
        f"{own['seconds to write a run']:.3f} s.",
        "",
    ]


def sent(own: dict, _runs: int) -> list[str]:
    """How fast the data set travels."""
    return [
        f"A data set of {own['bytes'] / 2**20:.0f} MiB takes {own['put seconds']:.2f} s into the object store and "
        f"{own['seconds to a node']:.2f} s to a node, which on one machine is a copy in memory.",
    ]


if __name__ == "__main__":
    main()
