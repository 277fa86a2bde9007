"""What watches a training and has no part in its results: progress, TensorBoard's event files, a profile."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from torch.profiler import ProfilerActivity, profile, schedule, supported_activities

from bakeoff.core.errors import ConfigError
from bakeoff.core.progress import RunProgress, no_progress
from bakeoff.training.run import LogLine
from bakeoff.training.scalars import scalars

SKIPPED, WARM_UP, PROFILED = 5, 5, 20
"""Steps: the first ones set things up, the next pay for the profiler's own start."""


@dataclass(frozen=True)
class Observer:
    """Who is given each line of the log and the steps done, and called after each step.

    Attributes:
        profiled: Steps are to be taken one operator at a time, so that each shows in the trace.
    """

    line: Callable[[LogLine], None] = lambda _line: None
    progress: RunProgress = no_progress
    step: Callable[[], None] = lambda: None
    profiled: bool = False


def check_tensorboard() -> None:
    """Raises `ConfigError` where the library that writes event files is not installed."""
    if not find_spec("tensorboardX"):
        raise ConfigError(
            "training.tensorboard needs tensorboardX; install it with: pip install 'bakeoff[tensorboard]'."
        )


@contextmanager
def event_files(folder: Path | None) -> Iterator[Callable[[LogLine], None]]:
    """Yields a function that writes a line of the log as TensorBoard scalars: losses of batches by step, else by epoch.

    The folder gets the files, those of an earlier try removed; None for no files.
    """
    if folder is None:
        yield lambda _line: None
        return
    from tensorboardX import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder), flush_secs=5) as writer:

        def write(line: LogLine) -> None:
            step, numbers = scalars(line)
            for tag, value in numbers.items():
                writer.add_scalar(tag, value, step)

        yield write


@contextmanager
def trace(path: Path | None) -> Iterator[Callable[[], None]]:
    """Profiles steps 11 to 30 of a training; yields a function to call after each step.

    The path gets the trace in Chrome's format, which https://ui.perfetto.dev opens; None for no profile.
    """
    if path is None:
        yield lambda: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = {ProfilerActivity.CPU, ProfilerActivity.CUDA} & supported_activities()
    with profile(
        activities=sorted(wanted, key=str),
        schedule=schedule(wait=SKIPPED, warmup=WARM_UP, active=PROFILED, repeat=1),
        on_trace_ready=lambda found: found.export_chrome_trace(str(path)),
        record_shapes=True,
    ) as profiler:
        yield profiler.step
