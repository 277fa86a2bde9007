"""What `bakeoff demo` takes, and whether it shows what it is to show.

    python benchmarks/demo.py

runs the command as a user does, in a process of its own, once; then its experiment again with other seeds, and on
other scenes. In the stored comparison and findings of each it looks for a network that is better than another one, an
equivalent pair, a network that failed, and a class whose labels are ambiguous. Writes `benchmarks/results/demo.json`
and `demo.md`.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

import bakeoff
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.findings.finding import Finding
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

RESULTS = Path(__file__).parent / "results"
OTHER = {"seeds 3, 4, 5": (0, "3,4,5"), "seeds 6, 7, 8": (0, "6,7,8"), "scenes of seed 1": (1, "0,1,2")}
"""By name the seed of the scenes and those of the training."""


def main() -> None:
    """Runs all, and writes the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        command = [sys.executable, "-m", "bakeoff", "demo", "--out", str(folder)]
        runs = [{"run": "the command", **_timed(lambda: _start(command)), **_shown(folder)}]
        for label, (scenes, seeds) in OTHER.items():
            again = partial(_again, Path(name) / label, scenes, seeds)
            runs.append({"run": label, **_timed(again), **_shown(Path(name) / label)})
    result = {"environment": Environment.current(), "runs": runs}
    write_json(RESULTS / "demo.json", result)
    (RESULTS / "demo.md").write_text("\n".join(_page(result)) + "\n")


def _start(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _again(folder: Path, scenes: int, seeds: str) -> None:
    annotations, images = bakeoff.draw_sample(folder.with_name(f"{folder.name}, drawn"), seed=scenes)
    paths = (f"data.annotations={annotations}", f"data.images={images}")
    pipeline.run(bakeoff.load_experiment("showcase", [*paths, f"training.seeds={seeds}"]), folder)


def _timed(work: Callable[[], None]) -> dict[str, float]:
    """Seconds by the wall clock and of the processors, all processes together; and how busy the machine was."""
    start, before = time.perf_counter(), _processor_seconds()
    work()
    return {
        "wall": time.perf_counter() - start,
        "processor": _processor_seconds() - before,
        "load": os.getloadavg()[0],
    }


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(own.ru_utime + own.ru_stime for own in used)


def _shown(folder: Path) -> dict[str, object]:
    """What the stored comparison and findings of an experiment show."""
    comparison = Experiment(folder).comparison
    findings = {own.code: own for own in Experiment(folder).findings}
    return {
        "accuracy": {network.name: network.val_accuracy for network in comparison.networks},
        "failed": {network.name: network.failures.failed for network in comparison.networks},
        "verdicts": {f"{pair.second} over {pair.first}": pair.verdict for pair in comparison.pairs},
        "found": list(_found(comparison, findings)),
        "ambiguous": findings["ambiguous-labels"].verdict,
        "confused": findings["hard-classes"].verdict,
    }


def _found(comparison: bakeoff.Comparison, findings: dict[str, Finding]) -> Iterator[str]:
    """Which of the four are there."""
    verdicts = {pair.verdict for pair in comparison.pairs}
    if verdicts & {"first better", "second better"}:
        yield "better"
    if "equivalent" in verdicts:
        yield "equivalent"
    if any(network.failures.failed == network.failures.runs for network in comparison.networks):
        yield "failed"
    if findings["hard-classes"].state == findings["ambiguous-labels"].state == "found":
        yield "ambiguous"


def _page(result: dict) -> list[str]:
    environment, runs = msgspec.to_builtins(result["environment"]), msgspec.to_builtins(result["runs"])
    names = list(runs[0]["accuracy"])
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return [
        "# The demo",
        "",
        "Written by `benchmarks/demo.py`: `bakeoff demo`, and its experiment with other seeds, and on other scenes. "
        "Processor: seconds of all processes, user and system; divided by the processors it is what the command takes "
        "at least with the machine to itself. Load: the machine's at the end, over a minute.",
        "",
        f"Made with Python {environment['python']}, {environment['platform']}, {environment['processors']} processors; "
        f"{versions}.",
        "",
        "| run | wall, s | processor, s | load | shows |",
        "|---|---|---|---|---|",
        *(
            f"| {run['run']} | {run['wall']:.0f} | {run['processor']:.0f} | {run['load']:.1f} "
            f"| {', '.join(run['found'])} |"
            for run in runs
        ),
        "",
        "Mean validation accuracy of the seeds that trained, with its 95 % interval:",
        "",
        f"| run | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| {run['run']} | {' | '.join(_accuracy(run, name) for name in names)} |" for run in runs),
        "",
        f"| pair | {' | '.join(run['run'] for run in runs)} |",
        f"|---|{'---|' * len(runs)}",
        *(
            f"| {pair} | {' | '.join(_verdict(pair, run['verdicts'][pair]) for run in runs)} |"
            for pair, verdict in runs[0]["verdicts"].items()
            if verdict != "not applicable"
        ),
        "",
        *(f"- {run['run']}: {run['confused']} {run['ambiguous']}" for run in runs),
    ]


def _verdict(pair: str, verdict: str) -> str:
    second, first = pair.split(" over ")
    return {"first better": f"{first} is better", "second better": f"{second} is better"}.get(verdict, verdict)


def _accuracy(run: dict, name: str) -> str:
    mean, interval = run["accuracy"][name]["mean"], run["accuracy"][name]["interval"]
    if mean is None:
        return f"failed in {run['failed'][name]}"
    low, high = interval if isinstance(interval, list) else (interval["low"], interval["high"])
    return f"{100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


if __name__ == "__main__":
    main()
