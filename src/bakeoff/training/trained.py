"""A run's network with its weights, and what it gives to images."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bakeoff.core.errors import NetworkError, StorageError
from bakeoff.core.registry import networks
from bakeoff.core.seals import check_seal
from bakeoff.core.types import ImageRows
from bakeoff.training.run import IN_CODE, SOURCE, WEIGHTS, Run

if TYPE_CHECKING:
    from torch import nn

HEADER = 1024
"""Bytes at most of what a file of weights says of a tensor: its name, type, shape and place."""
EVEN = 0.5
"""Above this probability a class is predicted by a network that was trained on all classes of an image."""


def probabilities(run: Run, images: ImageRows, device: str = "auto") -> npt.NDArray[np.float32]:
    """The class probabilities, float32 (N, K), that a run's network gives to images; raises as `load_network`.

    The images are uint8 (N, S, S, 3), RGB, at the run's size and filter.
    """
    import torch

    from bakeoff.training.batches import Split
    from bakeoff.training.device import choose_device, to_device
    from bakeoff.training.loop import evaluate

    network, where = load_network(run), choose_device(device)
    split = Split(images, np.zeros(len(images), dtype=np.int64), where)
    logits = evaluate(to_device(network, where), split, run.spec.recipe)
    return (torch.sigmoid(logits) if run.spec.recipe.task == "multilabel" else torch.softmax(logits, dim=1)).numpy()


def load_network(run: Run) -> "nn.Module":
    """A run's network with its weights, on the CPU in evaluation mode.

    Raises:
        StorageError: The run did not finish, or its weights are missing, damaged or not those of the network.
        NetworkError: The network can't be built any more, or only by code that was not allowed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_model

    from bakeoff.models.factory import create

    if not run.finished:
        raise StorageError(f"the run in {run.folder} {run.record.status} ({run.record.reason}); train it again.")
    if run.trained is not None:
        return run.trained
    _check_code(run)
    check_seal(run.folder, WEIGHTS, SOURCE)
    path = run.folder / WEIGHTS
    _check_length(run, path)
    network = create(run.network, len(run.spec.classes), run.spec.size, run.spec.recipe, weights=False)
    try:
        load_model(network, str(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"{path} does not hold the weights of {run.spec.network}: {first}. Remove {run.folder} and train again."
        ) from None
    return network.eval()


def _check_length(run: Run, path: Path) -> None:
    """Refuses, before memory is taken, weights that are not as long as those of the network that the records name.

    Those of a library, a plug-in and a user are as large as their code makes them, which may not run on no device.
    """
    import torch

    from bakeoff.models.factory import create

    if ":" in run.network or not networks[run.network].__module__.startswith("bakeoff.") or not path.exists():
        return
    with torch.device("meta"):
        network = create(run.network, len(run.spec.classes), run.spec.size, run.spec.recipe)
    state = {id(value): value.nbytes for value in network.state_dict(keep_vars=True).values()}  # tied ones count once
    needed, found = sum(state.values()), path.stat().st_size
    if not needed <= found <= needed + HEADER * (1 + len(state)):
        raise StorageError(
            f"{path} does not hold the weights of {run.spec.network}: it has {found:,} bytes, the network's weights "
            f"{needed:,}. Remove {run.folder} and train again."
        )


def _check_code(run: Run) -> None:
    """Refuses a user's own network that may not be run, or is not the one that was trained."""
    from bakeoff.models.factory import source_digest

    spec, folder = run.spec, run.folder
    if spec.network.startswith(IN_CODE):
        raise NetworkError(
            f"the network of {folder} was given in code ({spec.network}); build it there, and give it the weights with "
            f"safetensors.torch.load_model(network, {str(folder / WEIGHTS)!r})."
        )
    if not run.network:
        stored = f"the source {folder / SOURCE}" if (folder / SOURCE).exists() else "code"
        raise NetworkError(
            f"the network {spec.network} of {folder} is {stored} (digest {spec.network_digest}), which is run only "
            "with --allow-code (allow_code=True). Read it first, and allow it if you trust it."
        )
    if spec.network_digest and (found := source_digest(run.network)) != spec.network_digest:
        raise NetworkError(
            f"{run.network} is not the network that was trained in {folder}: its source has the digest {found}, the "
            f"run's {spec.network_digest}."
        )
