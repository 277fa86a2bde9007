"""How long trained networks take on the CPU: measured in turn, so that what disturbs one disturbs all alike."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.core.errors import ConfigError, NetworkError
from bakeoff.core.progress import Progress, no_progress
from bakeoff.core.types import Images
from bakeoff.training.batches import to_input
from bakeoff.training.device import to_device
from bakeoff.training.export import to_graph
from bakeoff.training.run import Run
from bakeoff.training.trained import load_network
from bakeoff.training.tta import with_tta

BATCH = 32
"""Photos in a batch."""
THREADS = 1
ROUNDS = 30
FEWEST, SECONDS = 5, 10.0
"""After so many rounds, measuring ends once it has taken so many seconds for each network."""

Call = Callable[[], object]


@dataclass(frozen=True)
class Durations:
    """What was measured.

    Attributes:
        library: What computed, with its version.
        reason: Why it was not ONNX Runtime, else empty.
        one: By run the milliseconds of each repetition for one photo.
        batch: Likewise for a batch.
    """

    library: str
    reason: str
    one: Sequence[Sequence[float]]
    batch: Sequence[Sequence[float]]


def measure(runs: Sequence[Run], progress: Progress = no_progress) -> Durations:
    """Times networks from uint8 pixels at the data set's size to logits, test-time augmentation included.

    All by ONNX Runtime, or all by torch where that is not installed or one of them can't be exported.

    Args:
        runs: Finished runs.
        progress: Given the rounds done and the rounds in all.

    Raises:
        StorageError: A run's weights are missing or damaged.
        NetworkError: A network can't be built.
    """
    networks = [_Pixels(run) for run in runs]
    cases = [(network.eval(), _noise(count, network.size)) for network in networks for count in (1, BATCH)]
    library, reason = f"torch {torch.__version__}", ""
    try:
        calls = [_exported(*case) for case in cases]
        library = f"ONNX Runtime {importlib.import_module('onnxruntime').__version__}"
    except (ConfigError, NetworkError) as error:
        reason = str(error)
        calls = [_plain(*case) for case in cases]
    taken = _time(calls, progress)
    return Durations(library, reason, taken[::2], taken[1::2])


class _Pixels(nn.Module):
    """uint8 (N, S, S, 3) to logits float32 (N, K)."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.name, self.size = run.spec.network, run.spec.size
        self.network = with_tta(to_device(load_network(run), torch.device("cpu")), run.spec.recipe)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(to_input(image))
        return logits


def _noise(count: int, size: int) -> Images:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def _exported(network: _Pixels, images: Images) -> Call:
    raw = to_graph(network, torch.from_numpy(images), network.name).model_proto.SerializeToString()
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise ConfigError("onnxruntime is not installed: pip install 'bakeoff[export]'.") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {session.get_inputs()[0].name: images})


def _plain(network: nn.Module, images: Images) -> Call:
    pixels = torch.from_numpy(images)

    def call() -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(pixels)
            return logits

    return call


def _time(calls: Sequence[Call], progress: Progress) -> list[list[float]]:
    """The milliseconds of each call, round by round; before it a call that is not timed fills the caches."""
    taken: list[list[float]] = [[] for _ in calls]
    threads, begun = torch.get_num_threads(), perf_counter()
    torch.set_num_threads(THREADS)
    try:
        for done in range(ROUNDS):
            if done >= FEWEST and perf_counter() - begun > SECONDS * len(calls) / 2:
                break
            for call, own in zip(calls, taken, strict=True):
                call()
                start = perf_counter()
                call()
                own.append(1000 * (perf_counter() - start))
            progress(done + 1, ROUNDS)
    finally:
        torch.set_num_threads(threads)
    progress(ROUNDS, ROUNDS)
    return taken
