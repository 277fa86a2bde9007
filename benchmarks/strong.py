"""The network `strong` and its recipe on 4,500 real COCO photos at 64 x 64, and what each piece of the recipe gives.

    python benchmarks/strong.py OUT [--seeds N] [--epochs N] [--fraction FRACTION] [--short]

reads `coco64/` in the folder that BAKEOFF_DATA names (default ../shared/data). First the preset `strong`, in the folder
OUT; what is already there is kept. With `--short` that is all: strong is trained for 44 epochs, for a processor without
bfloat16, and `benchmarks/results/strong_short.json` and `strong_short.md` are written. Else an ablation that does not
use the validation photos: trained on one half of the training photos and evaluated on the other, once with the full
recipe and once without each of its pieces; the EMA spans the same fraction of the steps. Writes
`benchmarks/results/strong.json` and `strong.md`.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from coco64 import HEAD, network_row, run_row
from msgspec.structs import replace

import bakeoff
from bakeoff.config.schema import Recipe
from bakeoff.core.storage import write_json
from bakeoff.core.types import TRAIN, VAL, Environment
from bakeoff.data.build import load
from bakeoff.models.factory import create
from bakeoff.training.batches import Split, subset
from bakeoff.training.checkpoint import Checkpoint, TrainingState
from bakeoff.training.device import reproducible, to_device, with_precision
from bakeoff.training.localization import box_heatmaps
from bakeoff.training.loop import HOLDOUT, evaluate, fit
from bakeoff.training.observer import Observer
from bakeoff.training.run import EpochLog, RunSpec

RESULTS = Path(__file__).parent / "results"
CLASSES = ("airplane", "bus", "cat", "dog", "pizza")
SETTINGS = (f"data.classes={','.join(CLASSES)}", "data.train_per_class=700", "data.val_per_class=200")
SHORT = tuple(f"variants.strong.{key}" for key in ("epochs=44", "ema_decay=0.995", "eval_every=22"))
CPU = torch.device("cpu")
PIECES: dict[str, dict] = {
    "the full recipe": {},
    "no cutmix, no mixup": {"cutmix": 0.0, "mixup": 0.0},
    "no resized crops": {"resized_crop": 1.0},
    "no flips": {"horizontal_flip": False},
    "no colour jitter": {"color_jitter": 0.0},
    "no label smoothing": {"label_smoothing": 0.0},
    "no EMA": {"ema_decay": 0.0},
    "no weight decay": {"weight_decay": 0.0},
    "constant learning rate": {"schedule": "constant", "warmup": 0.0},
    "no progressive resizing: 56 pixels": {"progressive_resolution": (0.875, 0.875)},
    "no test-time augmentation": {"tta_scales": (1.0,), "tta_flip": False},
    "no localisation loss": {"localization_weight": 0.0},
    "the homework's recipe": {},
}


@dataclass
class Measured:
    """One line of the ablation: which held-out photos were classified correctly, and the training's seconds."""

    right: list[bool]
    loss: float
    seconds: float


def main() -> None:
    """Runs the experiment and the ablation, and writes their results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="5")
    parser.add_argument("--epochs", type=int, default=80, help="of the ablation; 0 leaves it out")
    parser.add_argument("--fraction", type=float, default=0.5, help="of the training photos, for the ablation")
    parser.add_argument("--short", action="store_true", help="44 epochs of strong instead of 120, and no ablation")
    options = parser.parse_args()
    data = Path(os.environ.get("BAKEOFF_DATA", "../shared/data")) / "coco64"
    overrides = [
        *SETTINGS,
        f"data.annotations={data / 'instances.json'}",
        f"data.images={data / 'images'}",
        f"training.seeds={options.seeds}",
        "training.networks=strong,net1,net2,net3,linear,majority",  # the long runs first: no processor waits
    ]
    experiment = bakeoff.load_experiment("strong", overrides + list(SHORT if options.short else ()))
    page = bakeoff.run(experiment, out=options.out).report_folder / "index.html"
    whole = with_precision(next(v.recipe for v in experiment.variant_list if v.name == "strong"), CPU)
    result = {
        "environment": Environment.current(),
        "settings": SETTINGS,
        "recipe": whole,
        "summary": json.loads((page.parent / "summary.json").read_text()),
    }
    if options.epochs and not options.short:
        result |= pieces(whole, options.out, options.epochs, options.fraction)
    name = "strong_short" if options.short else "strong"
    write_json(RESULTS / f"{name}.json", result)
    (RESULTS / f"{name}.md").write_text("\n".join(report(result)) + "\n")


def pieces(whole: Recipe, out: Path, epochs: int, share: float) -> dict:
    """The recipe without each of its pieces, on a part of the training photos."""
    average = 1 - (1 - whole.ema_decay) * whole.epochs / (share * epochs)
    recipe = replace(whole, epochs=epochs, eval_every=epochs, ema_decay=average)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, max_tasks_per_child=1) as pool:
        measured = dict(zip(PIECES, pool.map(partial(ablate, recipe, out, share), PIECES), strict=True))
    return {
        "epochs": epochs,
        "share": share,
        "ablation": {name: asdict(own) | {"right": statistics.mean(own.right)} for name, own in measured.items()},
        "against the whole": {name: gain(measured["the full recipe"], own) for name, own in measured.items()},
    }


def ablate(recipe: Recipe, out: Path, share: float, piece: str) -> Measured:
    """Trains on a fraction of the training photos without one piece, and evaluates on the rest."""
    recipe = replace(Recipe(), eval_every=15) if "homework" in piece else replace(recipe, **PIECES[piece])
    dataset = load(out / "dataset")
    images, labels = dataset.images[TRAIN], dataset.labels[TRAIN]
    learned = subset(labels, share)
    rest = np.setdiff1d(np.arange(len(labels)), learned)
    splits = {
        name: Split(images[rows], labels[rows], CPU)
        for name, rows in ((TRAIN, learned), (VAL, rest), (HOLDOUT, rest[:0]))
    }
    with reproducible(0, 1, CPU):
        network = create("strong", len(CLASSES), dataset.info.size)
        if recipe.localization_weight:
            splits[TRAIN].add_heatmaps(box_heatmaps(dataset.rows(TRAIN)[learned], dataset.info))
        steps = recipe.epochs * splits[TRAIN].batches(recipe.batch_size)
        state = TrainingState(to_device(network, CPU), recipe, steps, torch.Generator().manual_seed(0), CPU)
        spec = RunSpec("strong", "strong", "", 0, recipe, CLASSES, dataset.info.size, "area", "", "cpu")
        log: list = []
        begun = time.perf_counter()
        fit(state, splits, recipe, log, Checkpoint(None, spec), Observer())
        seconds = time.perf_counter() - begun
        logits = evaluate(state.network, splits[VAL], recipe)
    last = [line for line in log if isinstance(line, EpochLog)][-1]
    return Measured((logits.argmax(1) == splits[VAL].labels).tolist(), last.val_loss, seconds)


def gain(whole: Measured, own: Measured) -> tuple[float, float]:
    """Accuracy without the piece minus with it, in points, and its standard error over the photos, paired."""
    difference = np.array(own.right, dtype=float) - np.array(whole.right, dtype=float)
    return 100 * float(difference.mean()), 100 * float(difference.std(ddof=1) / len(difference) ** 0.5)


def report(result: dict) -> list[str]:
    """The results as Markdown."""
    environment, summary = result["environment"], result["summary"]
    versions = ", ".join(f"{name} {environment.versions[name]}" for name in ("bakeoff", "torch", "numpy", "pillow"))
    photos = summary["dataset"]["train"]
    return [
        "# strong on coco64",
        "",
        f"Classes {', '.join(CLASSES)}; {photos:,} training and {summary['dataset']['val']:,} validation photos at "
        f"64 × 64; the recipe `strong`, {result['recipe'].epochs} epochs of that network. Written by "
        "`benchmarks/strong.py`.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors; "
        f"{versions}. Other work ran on the same machine at times. Runs have one thread each, and as many run at once "
        "as there are processors.",
        "",
        *HEAD,
        *(network_row(network) for network in summary["networks"]),
        "",
        *(f"- {pair['statement']}" for pair in summary["pairs"] if "strong" in pair["statement"]),
        "",
        "| network | seed | training | validation (95 % Wilson) | any label | seconds |",
        "|---|---|---|---|---|---|",
        *(run_row(network["name"], run) for network in summary["networks"] for run in network["runs"]),
        *(ablation_report(result, photos) if "ablation" in result else ()),
    ]


def ablation_report(result: dict, photos: int) -> list[str]:
    """The ablation as Markdown."""
    ablation, learned = result["ablation"], round(result["share"] * photos)
    return [
        "",
        "## What each piece gives",
        "",
        f"{learned:,} of the training photos are trained on for {result['epochs']} epochs, the other "
        f"{photos - learned:,} are evaluated on; one seed; the differences to the full recipe with their standard "
        "error over the photos, which says nothing of other seeds. The validation photos play no part in it.",
        "",
        "| | accuracy | difference in points | loss | minutes |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {own['right']:.1%} | {shown(name, result)} | {own['loss']:.3f} | {own['seconds'] / 60:.1f} |"
            for name, own in ablation.items()
        ),
    ]


def shown(name: str, result: dict) -> str:
    """The difference to the full recipe, and its standard error."""
    difference, error = result["against the whole"][name]
    return f"{difference:+.1f} ± {error:.1f}" if error else ""


if __name__ == "__main__":
    main()
