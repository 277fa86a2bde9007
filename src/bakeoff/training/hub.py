"""A trained network as the Hugging Face Hub has them: weights and `config.json`, for timm's networks in timm's form."""

from pathlib import Path

import msgspec
from safetensors.torch import load_file, save

from bakeoff.core.storage import encode
from bakeoff.models.prepared import HALF, InputSettings, Prepared
from bakeoff.training.run import WEIGHTS, Run
from bakeoff.training.trained import load_network

CONFIG = "config.json"
TIMM = "timm:"
PREFIX = "network."
"""Of the weights' names where a network's input is prepared."""


def hub_files(run: Run) -> dict[str, bytes]:
    """Weights and configuration by file name; `timm.create_model("local-dir:FOLDER", pretrained=True)` loads timm's.

    Raises:
        StorageError: The run did not finish, or its weights are missing or damaged.
        NetworkError: The network can't be built.
    """
    network, spec = load_network(run), run.spec
    prepared = network if isinstance(network, Prepared) else None
    own = prepared.settings if prepared else HALF
    side = own.size or spec.size
    config: dict[str, object] = {
        "architecture": spec.network.removeprefix(TIMM),
        "num_classes": len(spec.classes),
        "label_names": spec.classes,
        "pretrained_cfg": _input(own, side) | {"num_classes": len(spec.classes)},
        "bakeoff": {name: getattr(spec, name) for name in ("network", "variant", "seed", "size", "resize", "filter")}
        | {"task": spec.recipe.task},
    }
    if spec.recipe.drop_path and spec.network.startswith(TIMM):
        config["model_args"] = {"drop_path_rate": spec.recipe.drop_path}
    return {CONFIG: msgspec.json.format(encode(config), indent=2) + b"\n", WEIGHTS: _weights(run.folder, prepared)}


def _input(settings: InputSettings, side: int) -> dict[str, object]:
    return {
        "input_size": (3, side, side),
        "mean": settings.mean,
        "std": settings.deviation,
        "interpolation": settings.interpolation,
        "crop_pct": 1.0,
        "crop_mode": "squash",  # what timm calls to stretch
    }


def _weights(folder: Path, prepared: Prepared | None) -> bytes:
    """The network's own weights, under its own names."""
    tensors = load_file(folder / WEIGHTS)
    names = {name: name.removeprefix(PREFIX) if prepared else name for name in tensors}
    return save({names[name]: tensor for name, tensor in tensors.items()}, metadata={"format": "pt"})
