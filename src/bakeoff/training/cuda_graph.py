"""A step as a CUDA graph: its hundred small kernels are launched at once, and not one by one from Python.

Source: CUDA semantics, "CUDA Graphs", in PyTorch's documentation.
"""

import warnings
from collections import Counter
from collections.abc import Callable

import torch
from torch import Tensor

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import in_one_line

WARM_UP = 3
"""Steps of a batch size before its graph: libraries choose and prepare their kernels in them."""
DRAWN = ("horizontal_flip", "random_crop", "resized_crop", "color_jitter", "cutmix", "mixup")
VARYING = ("progressive_resolution", "schedule", "warmup", "freeze_epochs")

Action = Callable[[], None]


def can_be_captured(recipe: Recipe, device: torch.device) -> bool:
    """Whether each step does the same to other rows: nothing is drawn on the CPU, and the learning rate is constant."""
    plain = Recipe()
    return device.type == "cuda" and all(getattr(recipe, key) == getattr(plain, key) for key in (*DRAWN, *VARYING))


def capture(action: Action) -> Action:
    """What an action launches, as one CUDA graph; nothing is computed yet. RuntimeError: it waits for the device."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        action()
    return graph.replay


class GraphedStep:
    """Takes the first steps of each batch size as they are, then replays one.

    A step trains on rows, int64 (B,); it must do the same each time, and not wait for the device.
    """

    def __init__(self, step: Callable[[Tensor], None], capture: Callable[[Action], Action] = capture) -> None:
        self.step, self.capture = step, capture
        self.seen: Counter[int] = Counter()
        self.replays: dict[int, tuple[Tensor, Action]] = {}
        self.refused = False

    def __call__(self, rows: Tensor) -> None:
        count = len(rows)
        if self.seen[count] == WARM_UP and not self.refused:
            self._capture(rows)
        self.seen[count] += 1
        if count in self.replays:
            static, replay = self.replays[count]
            static.copy_(rows)
            replay()
        else:
            self.step(rows)

    def _capture(self, rows: Tensor) -> None:
        static = rows.clone()
        try:
            self.replays[len(rows)] = static, self.capture(lambda: self.step(static))
        except RuntimeError as error:  # a user's own network may wait for the device
            self.refused = True
            warnings.warn(f"training goes on without a CUDA graph: {in_one_line(error)}", stacklevel=2)
