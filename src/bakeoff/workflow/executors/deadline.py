"""The time that a job has for each part of its work."""

import math
import time

from bakeoff.workflow.executors.jobs import Failure, Job


class Deadline:
    """Begins with the job, and again with each part that its progress ends."""

    def __init__(self, job: Job) -> None:
        self.job, self.part, self.begun = job, 0, time.monotonic()

    def told(self, done: int, total: int) -> None:
        """Takes the job's progress."""
        part = done * self.job.parts // max(1, total)
        if part != self.part:
            self.part, self.begun = part, time.monotonic()

    @property
    def seconds(self) -> float:
        """How many are left, 0.0 where it is over; infinite without a timeout."""
        if not self.job.timeout:
            return math.inf
        return max(0.0, self.begun + self.job.timeout - time.monotonic())

    def failure(self) -> Failure:
        """What becomes of a job whose time is over."""
        where = f"{self.part + 1} of {self.job.parts}" if self.part < self.job.parts else "of what follows the last one"
        return Failure(f"epoch {where} did not end within {self.job.timeout:g} s (training.timeout)")
