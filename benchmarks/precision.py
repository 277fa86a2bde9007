"""bfloat16 beside float32 on this processor: the time of a step, and what it does to the accuracy.

    python benchmarks/precision.py [--rounds N] [--seeds N] [--out FOLDER]

Steps of several networks and batch sizes by one thread; the two precisions take turns. Accuracy: `net2` with batches of
64 on `coco64/` in the folder that BAKEOFF_DATA names (default ../shared/data), with several seeds of each, compared as
`bakeoff run` compares; left out where there is no such folder. Writes `benchmarks/results/precision.json` and
`precision.md`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch

import bakeoff
from bakeoff.config.schema import Recipe
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import TrainingState
from bakeoff.training.device import reproducible, to_device, with_precision
from bakeoff.training.loop import Step

RESULTS = Path(__file__).parent / "results"
CPU, PRECISIONS, STEPS = torch.device("cpu"), ("float32", "bfloat16"), 3
CASES = (("net1", 4, 64), ("net1", 64, 64), ("net3", 4, 64), ("net3", 16, 64), ("net3", 64, 64), ("strong", 64, 44))
"""Networks, batch sizes, and the side of the images: of `strong` the mean one of its recipe."""


def main() -> None:
    """Measures both and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    data = Path(os.environ.get("BAKEOFF_DATA", "../shared/data")) / "coco64"
    able = torch.cpu.get_capabilities()
    result = {
        "environment": Environment.current(),
        "processor": able.get("cpu_name", ""),
        "instructions": sorted(name for name, has in able.items() if has and ("bf16" in name or "avx" in name)),
        "steps": [timed(*case, asked.rounds) for case in CASES],
    }
    if data.exists():
        with tempfile.TemporaryDirectory() as folder:
            result["accuracy"] = compared(data, asked.seeds, asked.out or Path(folder) / "experiment")
    write_json(RESULTS / "precision.json", result)
    (RESULTS / "precision.md").write_text("\n".join(page(result)) + "\n")


def timed(network: str, batch: int, side: int, rounds: int) -> dict:
    """Seconds of a step in both precisions, in turns, and what "auto" chooses."""
    with reproducible(0, 1, CPU):
        steps = {name: step(network, side, Recipe(batch_size=batch, precision=name)) for name in PRECISIONS}
        for own in steps.values():
            seconds(own, batch)
        measured = [{name: seconds(own, batch) for name, own in steps.items()} for _ in range(rounds)]
    auto = with_precision(Recipe(precision="auto", batch_size=batch), CPU).precision
    ratio = statistics.median(each["bfloat16"] / each["float32"] for each in measured)
    return {"network": network, "batch": batch, "side": side, "seconds": measured, "ratio": ratio, "auto": auto}


def step(network: str, side: int, recipe: Recipe) -> Step:
    """A step on one batch of noise."""
    images = torch.randint(0, 256, (recipe.batch_size, side, side, 3), dtype=torch.uint8).numpy()
    split = Split(images, torch.zeros(recipe.batch_size, dtype=torch.int64).numpy(), CPU)
    state = TrainingState(to_device(create(network, 5, side), CPU), recipe, 1000, torch.Generator(), CPU)
    return Step(state, split, recipe)


def seconds(own: Step, batch: int) -> float:
    """How long one step takes."""
    begun = time.perf_counter()
    for _ in range(STEPS):
        own(torch.arange(batch))
    return (time.perf_counter() - begun) / STEPS


def compared(data: Path, seeds: int, out: Path) -> dict:
    """The comparison of both on real photos: its summary."""
    overrides = [
        "data.classes=airplane,bus,cat,dog,pizza",
        "data.train_per_class=700",
        "data.val_per_class=200",
        f"data.annotations={data / 'instances.json'}",
        f"data.images={data / 'images'}",
        "training.networks=net2",
        f"training.seeds={seeds}",
        "training.batch_size=64",
        "evaluation.explain=0",
        *(f"variants.{name}.network=net2" for name in PRECISIONS),
        *(f"variants.{name}.precision={name}" for name in PRECISIONS),
    ]
    experiment = bakeoff.run("hw4-2024", overrides=overrides, out=out)
    return json.loads((experiment.report_folder / "summary.json").read_text())


def page(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    return [
        "# bfloat16 on this processor",
        "",
        f"Training steps by one thread, in turns, medians of {len(result['steps'][0]['seconds'])} rounds. Written by "
        "`benchmarks/precision.py`.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, torch {environment.versions['torch']}; "
        f"{result['processor']}: {', '.join(result['instructions'])}. Other work ran on the same machine.",
        "",
        '| network | batch | side | float32, s | bfloat16, s | bfloat16 / float32 | `precision = "auto"` |',
        "|---|---|---|---|---|---|---|",
        *(_row(own) for own in result["steps"]),
        *(_accuracy(result["accuracy"]) if "accuracy" in result else []),
    ]


def _row(own: dict) -> str:
    times = [f"{statistics.median(each[name] for each in own['seconds']):.4f}" for name in PRECISIONS]
    case = f"| {own['network']} | {own['batch']} | {own['side']}"
    return f"{case} | {' | '.join(times)} | {own['ratio']:.2f} | {own['auto']} |"


def _accuracy(summary: dict) -> list[str]:
    pair = next(own for own in summary["pairs"] if {own["first"], own["second"]} == set(PRECISIONS))
    return [
        "",
        "## Accuracy",
        "",
        f"`net2`, batches of 64, on {summary['dataset']['train']:,} training and {summary['dataset']['val']:,} "
        "validation photos; 95 % intervals over seeds and photos.",
        "",
        f"- {pair['statement']}",
    ]


if __name__ == "__main__":
    main()
