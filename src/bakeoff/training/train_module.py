"""Training a network that is given in code, not by name."""

import copy
import inspect
import re
import tempfile
import weakref
from functools import partial
from os import PathLike
from pathlib import Path

from torch import nn

from bakeoff.config.schema import Recipe
from bakeoff.core.progress import Progress
from bakeoff.core.storage import digest
from bakeoff.data.build.dataset import Dataset
from bakeoff.models.factory import Factory, build
from bakeoff.training.device import choose_device, with_precision
from bakeoff.training.run import Run, RunSpec
from bakeoff.training.train import train


def train_module(
    network: nn.Module | Factory,
    dataset: Dataset,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    device: str = "auto",
    progress: Progress = lambda done, total: None,
) -> Run:
    """Trains a network with one seed.

    Args:
        network: A module, of which a copy is trained, or what makes one: called, after the seed is set, with those of
            `num_classes` and `image_size` that it accepts. It maps images, float32 (N, 3, S, S) in [-1, 1], to
            logits, float32 (N, K).
        dataset: What it is trained and evaluated on.
        recipe: How; the defaults where None.
        seed: Decides the initial weights (of a factory's network), the order of the images and the augmentation.
        folder: Gets the run's files; a temporary folder, removed with the run, where None.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Given the steps done and the steps in all.

    Returns:
        The run; its `model` is the trained network.

    Raises:
        NetworkError: The network can't be built or does not fit the data set.
        ConfigError: This machine does not have the device.
        StorageError: There is no room or no right to write.
    """
    kind: object = type(network) if isinstance(network, nn.Module) else network
    name = str(getattr(kind, "__qualname__", type(kind).__qualname__))
    make = partial(copy.deepcopy, network) if isinstance(network, nn.Module) else network
    chosen = choose_device(device)
    spec = RunSpec(
        variant=re.sub(r"[^\w.-]+", "-", name).strip("-"),
        network=f"code:{name}",
        network_digest=_source_digest(kind),
        seed=seed,
        recipe=with_precision(recipe or Recipe(), chosen),
        classes=dataset.info.classes,
        size=dataset.info.size,
        filter=dataset.info.filter,
        dataset=dataset.info.digest,
        device=chosen.type,
        resize=dataset.info.resize,
    )
    temporary = tempfile.TemporaryDirectory(prefix="bakeoff-") if folder is None else None
    where = Path(temporary.name) / f"{spec.variant}-seed{seed}" if temporary else Path(folder or "")
    run = train(spec, dataset, where, progress, build=lambda: build(name, make, len(spec.classes), spec.size))
    if temporary:
        weakref.finalize(run, temporary.cleanup)
    return run


def _source_digest(kind: object) -> str:
    """The digest of the source of a class or function; empty where Python does not know it."""
    try:
        return digest(inspect.getsource(kind).encode())  # type: ignore[arg-type]  # what is no source is a TypeError
    except (OSError, TypeError):
        return ""
