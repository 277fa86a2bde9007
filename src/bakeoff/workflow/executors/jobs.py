"""What executors take and give."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.config.cluster import ClusterConfig
from bakeoff.core.progress import Monitor, RunProgress

if TYPE_CHECKING:  # it loads numpy, which a process can do without
    from bakeoff.workflow.executors.bundle import Bundle

ANY = ClusterConfig()


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        name: Tells it from the other jobs.
        task: Called with a progress function; it and what it returns must pickle.
        timeout: Seconds after which an executor that can do so ends a job by force, for each of its parts; 0 means
            never.
        parts: The equal parts of its progress, the epochs of a run; what follows the last one has the same time.
        cpus: Processors that it keeps busy.
        gpus: GPUs, or the fraction of one, that it takes on a cluster.
        cluster: The cluster, the same for all jobs of a call; of no interest to executors of this machine.
    """

    name: str
    task: Callable[[RunProgress], object]
    timeout: float = 0.0
    parts: int = 1
    cpus: int = 1
    gpus: float = 0.0
    cluster: ClusterConfig = ANY


class MovableTask(ABC):
    """A task that a machine can do which does not see the folders of this one."""

    @property
    @abstractmethod
    def reads(self) -> "Sequence[Bundle]":
        """The files that it needs."""

    @property
    @abstractmethod
    def writes(self) -> Sequence[Path]:
        """The files and folders that it makes."""

    @property
    @abstractmethod
    def shared(self) -> Sequence[str]:
        """What all machines must see under one name: folders or URLs."""

    @abstractmethod
    def moved(self, places: Mapping[Path, Path]) -> "MovableTask":
        """The same task elsewhere: by folder of what it reads, and by path of what it writes, where that is instead."""

    @abstractmethod
    def __call__(self, progress: RunProgress, /) -> object:
        """Does it; the result must pickle."""


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
"""Takes the jobs, how many to run at once (0: as many as the machines carry), and a monitor."""
