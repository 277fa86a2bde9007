"""A network that somebody handed in as a source file and a state dict: built and applied only where that is allowed."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import NetworkError, in_one_line
from bakeoff.core.types import ImageRows
from bakeoff.models.architecture import Architecture
from bakeoff.models.factory import create
from bakeoff.models.summary import describe
from bakeoff.training.batches import Split
from bakeoff.training.loop import evaluate


@dataclass(frozen=True)
class HandedInNetwork:
    """A network with the weights that came with it, for images of one size."""

    network: nn.Module
    size: int

    def architecture(self) -> Architecture:
        """Its layers and sizes."""
        return describe(self.network, self.size)

    def logits(self, images: ImageRows) -> npt.NDArray[np.float32]:
        """Its logits, float32 (N, K), for uint8 (N, S, S, 3), given to it in [-1, 1] as the homework does."""
        split = Split(np.ascontiguousarray(images), np.zeros(len(images), dtype=np.int64), torch.device("cpu"))
        return evaluate(self.network, split, Recipe()).numpy()


def network_of(
    sources: Sequence[Path], weights: Mapping[str, Tensor], num_classes: int, image_size: int
) -> HandedInNetwork:
    """The network whose class in one of the files has such weights; this runs the files.

    Args:
        sources: Python files; their classes are tried in their order.
        weights: Of the network.
        num_classes: K.
        image_size: S.

    Raises:
        NetworkError: No class fits the weights: what was wrong with each.
    """
    problems = []
    for name in (name for source in sources for name in _classes(source)):
        try:
            network = create(name, num_classes, image_size)
            network.load_state_dict(weights)
            return HandedInNetwork(network.eval(), image_size)
        except (NetworkError, RuntimeError) as error:
            problems.append(str(error).splitlines()[0])
    raise NetworkError(f"no class that came with it has such weights. {' '.join(problems)}".strip())


def _classes(source: Path) -> list[str]:
    """The names under which `create` finds the classes of a file; reads it without running it."""
    try:
        body = ast.parse(source.read_bytes()).body
    except (SyntaxError, ValueError, OSError) as error:
        raise NetworkError(f"{source.name} can't be read as Python: {in_one_line(error)}.") from None
    return [f"{source}:{own.name}" for own in body if isinstance(own, ast.ClassDef)]
