"""Twenty killed and resumed runs end with the same bytes as an uninterrupted one; the cost of checkpoints.

    python benchmarks/resume.py

builds the drawn sample, trains net2 on it without interruption, then twenty times again: each time the process is
killed (SIGKILL) at a random moment and the command repeated. Weights, predictions and the log (but its timings) are
compared byte by byte. The cost is the time that `Checkpoint.save` takes of the whole training. Writes
`benchmarks/results/resume.json` and `resume.md`.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.training import train as stage
from bakeoff.training.checkpoint import Checkpoint
from bakeoff.workflow import pipeline

RESULTS = Path(__file__).parent / "results"
KILLS, COSTED = 20, ("net1", "net2", "net3")
SETTINGS = ["training.networks=net2", "training.epochs=5", "training.executor=serial", "training.device=cpu"]


def main() -> None:
    """Kills and repeats, and times the checkpoints."""
    draws = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bakeoff.draw_sample(folder / "sample")
        data = [
            f"data.annotations={folder / 'sample' / 'instances.json'}",
            f"data.images={folder / 'sample' / 'images'}",
        ]
        pipeline.build(bakeoff.load_experiment("demo", data), folder / "built")
        start = time.perf_counter()
        expected = _content(_finish(_copy(folder, "undisturbed")))
        whole = time.perf_counter() - start
        kills = [_kill(_copy(folder, f"killed-{number}"), float(draws.uniform(0, whole))) for number in range(KILLS)]
        same = [_content(_finish(run)) == expected for run, _ in kills]
        costs = {network: _cost(network, folder) for network in COSTED}
    result = {
        "environment": Environment.current(),
        "seconds of a command": whole,
        "kills": [{"after seconds": after, "same bytes": ended} for (_, after), ended in zip(kills, same, strict=True)],
        "share of the time": costs,
    }
    write_json(RESULTS / "resume.json", result)
    (RESULTS / "resume.md").write_text("\n".join(_page(result, same)) + "\n")


def _copy(folder: Path, name: str) -> Path:
    return Path(shutil.copytree(folder / "built", folder / name))


def _start(folder: Path) -> subprocess.Popen[bytes]:
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    code = "from bakeoff.cli.main import main; main()"
    command = [sys.executable, "-c", code, "train", "demo", "--out", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill(folder: Path, after: float) -> tuple[Path, float]:
    process = _start(folder)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return folder, after


def _finish(folder: Path) -> Path:
    if _start(folder).wait():
        raise RuntimeError(f"training in {folder} failed")
    return folder


def _content(folder: Path) -> list[object]:
    run = folder / "runs" / "net2-seed0"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [
        (run / "model.safetensors").read_bytes(),
        (run / "predictions.parquet").read_bytes(),
        [{key: value for key, value in line.items() if key != "seconds"} for line in lines],
    ]


def _cost(network: str, folder: Path) -> float:
    """The fraction of the training time that checkpoints take."""
    spent = 0.0
    save = Checkpoint.save

    def timed(self: Checkpoint, *arguments: object) -> None:
        nonlocal spent
        start = time.perf_counter()
        save(self, *arguments)
        spent += time.perf_counter() - start

    from bakeoff.data import build as dataset

    config = bakeoff.load_experiment("demo", [*SETTINGS, f"training.networks={network}"])
    data = dataset.load(folder / "built" / "dataset")
    Checkpoint.save = timed
    try:
        run = stage.train(
            stage.make_spec(config.variant_list[0], 0, config.training.device, data.info),
            data,
            folder / network,
            checkpoint=folder / f"{network}-kept",
        )
    finally:
        Checkpoint.save = save
    return spent / run.record.seconds


def _page(result: dict, same: list[bool]) -> list[str]:
    environment = result["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    moments = ", ".join(f"{kill['after seconds']:.1f}" for kill in result["kills"])
    return [
        "# Killed runs",
        "",
        "Written by `benchmarks/resume.py`: net2 on the drawn sample, five epochs, batch 4.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}.",
        "",
        f"{sum(same)} of {len(same)} runs that were killed and started again ended with the same weights, predictions "
        f"and log as the one that was not. A command takes {result['seconds of a command']:.1f} s; the kills came "
        f"after {moments} s.",
        "",
        "Checkpoints, one per epoch of 800 photos, as a fraction of the training time:",
        "",
        "| network | fraction |",
        "|---|---|",
        *(f"| {network} | {100 * share:.2f} % |" for network, share in result["share of the time"].items()),
    ]


if __name__ == "__main__":
    main()
