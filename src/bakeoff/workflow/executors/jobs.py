"""What executors take and give."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bakeoff.core.progress import Monitor, RunProgress


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        name: Tells it from the other jobs.
        task: Called with a progress function; it and what it returns must pickle.
        timeout: Seconds after which an executor that can do so ends a job by force, for each of its parts; 0 means
            never.
        parts: The equal parts of its progress, the epochs of a run; what follows the last one has the same time.
    """

    name: str
    task: Callable[[RunProgress], object]
    timeout: float = 0.0
    parts: int = 1


@dataclass(frozen=True)
class Failure:
    """A job that ended without a result, and why."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended; `result` is what its task returned, or a `Failure`."""

    name: str
    result: object


Executor = Callable[[Sequence[Job], int, Monitor], Iterator[Outcome]]
"""Takes the jobs, how many to run at once, and a monitor."""
