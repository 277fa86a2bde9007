"""What a training spends its time on: a trace of a few steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from torch.profiler import ProfilerActivity, profile, schedule, supported_activities

SKIPPED, WARM_UP, PROFILED = 5, 5, 20
"""Steps: the first ones set things up, the next pay for the profiler's own start."""


@contextmanager
def trace(path: Path | None) -> Iterator[Callable[[], None]]:
    """Profiles steps 11 to 30 of a training, fewer where there are fewer.

    Args:
        path: Gets the trace in Chrome's format, which https://ui.perfetto.dev opens; nothing is profiled where it is
            null.

    Yields:
        A function to call after each step.
    """
    if path is None:
        yield lambda: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = {ProfilerActivity.CPU, ProfilerActivity.CUDA} & supported_activities()
    steps = schedule(wait=SKIPPED, warmup=WARM_UP, active=PROFILED, repeat=1)
    with profile(
        activities=sorted(wanted, key=str),
        schedule=steps,
        on_trace_ready=lambda found: found.export_chrome_trace(str(path)),
        record_shapes=True,
    ) as profiler:
        yield profiler.step
