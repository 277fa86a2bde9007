"""Who watches a training; what is watched has no part in the results."""

from collections.abc import Callable
from dataclasses import dataclass

from bakeoff.core.progress import Progress
from bakeoff.training.run import LogLine


@dataclass(frozen=True)
class Observer:
    """What a training tells while it goes on.

    Attributes:
        line: Given each line of the log.
        progress: Told of the steps.
        step: Called after each step.
    """

    line: Callable[[LogLine], None] = lambda _line: None
    progress: Progress = lambda _done, _total: None
    step: Callable[[], None] = lambda: None
