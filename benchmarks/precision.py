"""A training step of `strong` in bfloat16 and in float32, side by side on one core.

    python benchmarks/precision.py [--rounds N]

Batches of 64 images of 44 pixels, the mean side of the recipe's; the two take turns. Writes
`benchmarks/results/precision.json` and `precision.md`.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from msgspec.structs import replace

from bakeoff.config.schema import Recipe
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.checkpoint import TrainingState
from bakeoff.training.device import reproducible, to_device, with_precision
from bakeoff.training.loop import Step

RESULTS = Path(__file__).parent / "results"
CPU = torch.device("cpu")
BATCH, SIDE = 64, 44
RECIPE = Recipe(optimizer="adamw", batch_size=BATCH)


def main() -> None:
    """Times both and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with reproducible(0, 1, CPU):
        steps = {name: step(replace(RECIPE, precision=name)) for name in ("bfloat16", "float32")}
        for own in steps.values():
            seconds(own)
        measured = [{name: seconds(own) for name, own in steps.items()} for _ in range(rounds)]
    able = sorted(
        name for name, has in torch.cpu.get_capabilities().items() if has and ("bf16" in name or "avx" in name)
    )
    result = {
        "environment": Environment.current(),
        "processor": torch.cpu.get_capabilities().get("cpu_name", ""),
        "instructions": able,
        "auto": with_precision(Recipe(precision="auto"), CPU).precision,
        "seconds a step": measured,
        "bfloat16 to float32": statistics.median(each["bfloat16"] / each["float32"] for each in measured),
    }
    write_json(RESULTS / "precision.json", result)
    (RESULTS / "precision.md").write_text("\n".join(report(result)) + "\n")


def step(recipe: Recipe) -> Step:
    """A step of `strong` on one batch of noise."""
    images = torch.randint(0, 256, (BATCH, SIDE, SIDE, 3), dtype=torch.uint8).numpy()
    split = Split(images, torch.zeros(BATCH, dtype=torch.int64).numpy(), CPU)
    network = to_device(create("strong", 5, SIDE), CPU)
    return Step(TrainingState(network, recipe, 1000, torch.Generator().manual_seed(0), CPU), split, recipe)


def seconds(own: Step) -> float:
    """How long one step takes."""
    begun = time.perf_counter()
    own(torch.arange(BATCH))
    return time.perf_counter() - begun


def report(result: dict) -> list[str]:
    """The results as Markdown."""
    environment = result["environment"]
    times = {
        name: statistics.median(each[name] for each in result["seconds a step"]) for name in ("bfloat16", "float32")
    }
    return [
        "# bfloat16 on this processor",
        "",
        f"A training step of `strong` with {BATCH} images of {SIDE} pixels, one thread, medians of "
        f"{len(result['seconds a step'])} rounds. Written by `benchmarks/precision.py`.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, torch {environment.versions['torch']}; "
        f"{result['processor']}: {', '.join(result['instructions'])}. Other work ran on the same machine.",
        "",
        *(f"- {name}: {value:.2f} s" for name, value in times.items()),
        f"- bfloat16 takes {result['bfloat16 to float32']:.2f} times as long as float32",
        f'- `precision = "auto"` is {result["auto"]} here',
    ]


if __name__ == "__main__":
    main()
