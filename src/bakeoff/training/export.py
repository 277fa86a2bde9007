"""A trained network as an ONNX file that takes an image as it is: the preprocessing is part of its graph."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import ConfigError, NetworkError, in_one_line
from bakeoff.core.geometry import GREY, Frame, frame
from bakeoff.core.types import VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.batches import to_input
from bakeoff.training.predict import METADATA, OnnxModel, PathName
from bakeoff.training.run import Run, RunSpec, load_run
from bakeoff.training.trained import load_network, probabilities
from bakeoff.training.tta import with_tta

OPSET = 18
TOLERANCE = 1e-3
"""An exported network whose probabilities differ by more from the run's is not that network."""


def export(
    run_folder: PathName, target: PathName, dataset: Dataset | None = None, *, allow_code: bool = False
) -> float | None:
    """Writes a run's network as an ONNX file that takes images of any size; see `to_onnx`.

    Args:
        run_folder: The run.
        target: The file; replaced where it exists.
        dataset: What the file is checked on.
        allow_code: Whether the source of a user's own network that is stored with the run may be run.

    Returns:
        The largest difference between a probability that the file gives to a validation image of the data set, and the
        one that the run gave; None without a data set.

    Raises:
        ConfigError: The libraries that write ONNX are not installed.
        StorageError: The run can't be used, or the file can't be written.
        NetworkError: The network can't be built or exported, or the exported one gives other probabilities.
    """
    run, target = load_run(Path(run_folder), allow_code=allow_code), Path(target)
    raw = to_onnx(run)
    difference = None
    if dataset:
        images, model = dataset.images[VAL], OnnxModel(raw, str(target))
        given = np.array([model.probabilities(np.asarray(image)) for image in images])
        difference = float(np.abs(given - probabilities(run, images, "cpu")).max(initial=0.0))
        if difference > TOLERANCE:
            raise NetworkError(
                f"the exported network gives other probabilities than the run (by up to {difference:.1g}); "
                f"{run.spec.network!r} holds what ONNX computes otherwise."
            )
    write_bytes(target, raw)
    return difference


def to_onnx(run: Run) -> bytes:
    """Turns a run into an ONNX model.

    Its input "image" is uint8 (H, W, 3), RGB, of any size; its output "probabilities" float32 (K,). It resizes as the
    data set does (see `bakeoff.data.build`), in floating point, so that a pixel of an image of another size than the
    network's can differ by one of 255 levels; images of the network's own size pass as they are.

    Raises:
        ConfigError: The libraries that write ONNX are not installed.
        StorageError: The run did not finish, or its weights are missing or damaged.
        NetworkError: The network can't be built, or holds what ONNX can't express.
    """
    model = _WithPreprocessing(load_network(run), run.spec).eval()
    sides = torch.export.Dim("height", min=2), torch.export.Dim("width", min=2)
    image = torch.zeros(run.spec.size + 13, run.spec.size + 7, 3, dtype=torch.uint8)
    shapes = {"image": {0: sides[0], 1: sides[1]}}
    proto = to_graph(model, image, run.spec.network, output_names=["probabilities"], dynamic_shapes=shapes).model_proto
    if not all(side.dim_param for side in proto.graph.input[0].type.tensor_type.shape.dim[:2]):
        raise NetworkError(  # PyTorch's exporter fixes what a module reads as a number, and says nothing
            f"network {run.spec.network!r} can't be exported to ONNX: its graph would take photos of one size only."
        )
    facts = {name: getattr(run.spec, name) for name in ("network", "classes", "size", "filter", "dataset")}
    facts["task"] = run.spec.recipe.task
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA, json.dumps(facts)
    raw: bytes = proto.SerializeToString(deterministic=True)
    return raw


def to_graph(model: nn.Module, image: Tensor, network: str, **options: Any) -> torch.onnx.ONNXProgram:
    """Turns a module whose one input is called "image" into ONNX; `options` are those of `torch.onnx.export`.

    Raises:
        ConfigError: The libraries that write ONNX are not installed.
        NetworkError: The module holds what ONNX can't express; the message names `network`.
    """
    if not (find_spec("onnx") and find_spec("onnxscript")):
        raise ConfigError("exporting needs onnx and onnxscript; install them with: pip install 'bakeoff[export]'.")
    try:
        with _quiet():
            program = torch.onnx.export(
                model, (image,), input_names=["image"], opset_version=OPSET, dynamo=True, **options
            )
    except Exception as error:  # the exporter has an error of its own for each of its steps, caused by the reason
        reason = in_one_line(error.__cause__ or error)
        raise NetworkError(f"network {network!r} can't be exported to ONNX: {reason}") from None
    assert program is not None
    return program


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's progress and advice from the terminal."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


class _WithPreprocessing(nn.Module):
    """uint8 (H, W, 3) to probabilities float32 (K,)."""

    def __init__(self, network: nn.Module, spec: RunSpec) -> None:
        super().__init__()
        self.network, self.size = with_tta(network, spec.recipe), spec.size
        self.area, self.resize = spec.filter == "area", spec.resize
        self.to_probabilities = nn.Sigmoid() if spec.recipe.task == "multilabel" else nn.Softmax(dim=1)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[0], image.shape[1]
        down, across = self._frame(height, width), self._frame(width, height)
        rows, columns = self._weights(height, down, across), self._weights(width, across, down)
        shown = rows @ image.permute(2, 0, 1).float() @ columns.T
        bars = 1 - rows.sum(1)[:, None] * columns.sum(1)
        pixels = (shown + GREY * bars).round().clamp(0, 255).permute(1, 2, 0)
        probabilities: Tensor = self.to_probabilities(self.network(to_input(pixels[None])))[0]
        return probabilities

    def _frame(self, length: int, other: int) -> Frame:
        return frame(self.resize, length, other, self.size, torch.sym_min, torch.sym_max)

    def _weights(self, length: int, side: Frame, other: Frame) -> Tensor:
        """The fraction of each of `length` old pixels in each new one: float32 (size, length); zero in bars."""
        weights = self._resized(torch.arange(length, dtype=torch.float32) - side.begin, side, other)
        new = torch.arange(self.size)[:, None]
        return weights * ((new >= side.first) & (new < side.first + side.count))

    def _resized(self, old: Tensor, side: Frame, other: Frame) -> Tensor:
        new = torch.arange(self.size, dtype=torch.float32)[:, None] - side.first
        length, scale = side.extent, side.extent / side.count
        if not self.area:
            return _between(old, (new + 0.5) * scale - 0.5, length)
        inside = (torch.minimum((new + 1) * scale, old + 1) - torch.maximum(new * scale, old)).clamp(min=0) / scale
        first = torch.floor(new * scale)
        step = ((new + 1) - (first + 1) / scale).clamp(min=0)
        enlarged = _between(old, first + step - torch.floor(step), length)
        margin = torch.stack([torch.scalar_tensor(one.extent - one.count) for one in (side, other)])
        return torch.where((margin >= 0).all(), inside, enlarged)  # OpenCV interpolates where one side grows


def _between(old: Tensor, position: Tensor, length: int) -> Tensor:
    """Linear interpolation at positions between pixels; beyond the border is the border."""
    return (1 - (old - position.clamp(0, length - 1)).abs()).clamp(min=0)
