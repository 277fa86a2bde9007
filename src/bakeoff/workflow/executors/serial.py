"""One job after the other, in this process."""

from collections.abc import Iterator, Sequence

from bakeoff.core.errors import in_one_line
from bakeoff.core.progress import Monitor
from bakeoff.core.registry import executors
from bakeoff.workflow.executors.jobs import Failure, Job, Outcome


@executors.register("serial")
def serial(jobs: Sequence[Job], workers: int, monitor: Monitor) -> Iterator[Outcome]:
    """One job after the other, in this process; easy to debug, but a killed job takes the rest with it."""
    for job in jobs:
        try:
            result = job.task(monitor(job.name))
        except Exception as error:  # whatever a job raises is its own failure
            result = Failure(in_one_line(error))
        yield Outcome(job.name, result)
