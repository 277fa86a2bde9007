"""A trained network applied to new photos."""

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_model
from torch import nn

from bakeoff.core.errors import StorageError
from bakeoff.core.types import Images, Labels
from bakeoff.models.factory import create
from bakeoff.training.batches import Split
from bakeoff.training.device import choose_device, place
from bakeoff.training.loop import evaluate
from bakeoff.training.run import Run
from bakeoff.training.store import WEIGHTS


def probabilities(run: Run, images: Images, device: str = "auto") -> npt.NDArray[np.float32]:
    """The class probabilities that a run's network gives to images.

    Args:
        run: A run with weights on disk.
        images: uint8 (N, S, S, 3), RGB, at the run's size and filter.
        device: "auto", "cpu", "cuda" or "mps".

    Returns:
        float32 (N, K), rows sum to 1.

    Raises:
        StorageError: The run did not finish, or its weights are missing, damaged or not those of the network.
        NetworkError: The network can't be built any more.
    """
    network, where = load_network(run), choose_device(device)
    labels: Labels = np.zeros(len(images), dtype=np.int64)
    logits = evaluate(place(network, where), Split(images, labels, where), run.spec.recipe)
    return torch.softmax(logits, dim=1).numpy()


def load_network(run: Run) -> nn.Module:
    """A run's network with its weights, on the CPU.

    Raises:
        StorageError: The run did not finish, or its weights are missing, damaged or not those of the network.
        NetworkError: The network can't be built any more.
    """
    if not run.finished:
        raise StorageError(f"the run in {run.folder} {run.record.status} ({run.record.reason}); train it again.")
    network = create(run.spec.network, len(run.spec.classes), run.spec.size)
    path = run.folder / WEIGHTS
    try:
        load_model(network, str(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise StorageError(
            f"{path} does not hold the weights of {run.spec.network}: {first}. Remove {run.folder} and train again."
        ) from None
    return network
