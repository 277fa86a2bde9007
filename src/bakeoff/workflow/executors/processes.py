"""Each job in a process of its own, several at once."""

import importlib
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from bakeoff.core.errors import in_one_line
from bakeoff.core.progress import Monitor, RunProgress
from bakeoff.core.registry import executors, modules_for_workers
from bakeoff.workflow.executors.deadline import Deadline
from bakeoff.workflow.executors.jobs import Failure, Job, Outcome

SECONDS_TO_STOP = 10.0


@executors.register("processes")
def processes(jobs: Sequence[Job], workers: int, monitor: Monitor) -> Iterator[Outcome]:
    """Each job in a process of its own, as many at once as there are workers (0: as the processors, or the GPU, carry).

    A fresh process a job costs its start, and buys that a job which is killed or out of memory takes no other with it.
    """
    waiting, modules = list(reversed(jobs)), modules_for_workers()
    running: dict[Connection, _Worker] = {}
    try:
        while waiting or running:
            while waiting and has_room(waiting[-1], [worker.deadline.job for worker in running.values()], workers):
                with _ctrl_c_held_back():
                    worker = _Worker.start(waiting.pop(), modules, monitor)
                    running[worker.connection] = worker
            left = min(worker.deadline.seconds for worker in running.values())
            ready = wait(list(running), None if math.isinf(left) else left)
            for worker in list(running.values()):
                outcome = worker.receive() if worker.connection in ready else worker.end_if_late()
                if outcome:
                    del running[worker.connection]
                    yield outcome
    finally:
        for worker in running.values():
            worker.process.terminate()
        for worker in running.values():
            worker.stop()


def has_room(job: Job, running: Sequence[Job], workers: int) -> bool:
    """Whether a job may start beside those that run: as workers or processors allow, on a GPU by itself."""
    if workers or not running:
        return len(running) < (workers or 1)
    together = [job, *running]
    return not any(own.gpus for own in together) and sum(own.cpus for own in together) <= (os.cpu_count() or 1)


@dataclass(frozen=True)
class _Worker:
    """A running job: its process, and the connection that brings progress and then the result."""

    name: str
    process: SpawnProcess
    connection: Connection
    progress: RunProgress
    deadline: Deadline

    @classmethod
    def start(cls, job: Job, modules: list[str], monitor: Monitor) -> "_Worker":
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(job, modules, there), name=job.name, daemon=True)
        process.start()
        there.close()  # so that the end of the process ends the connection
        return cls(job.name, process, here, monitor(job.name), Deadline(job))

    def receive(self) -> Outcome | None:
        """The job's outcome, or none yet where the message was only of progress."""
        try:
            message = self.connection.recv()
        except (EOFError, OSError):  # OSError: it was killed within a message
            self.process.join()
            return self._end(Failure(_describe_exit(self.process.exitcode or 0)))
        if isinstance(message, tuple):
            self.deadline.told(*message[:2])
            self.progress(*message)
            return None
        return self._end(message.result)

    def end_if_late(self) -> Outcome | None:
        """Kills a job whose time is over: one that hangs need not listen to anything milder."""
        if self.deadline.seconds:
            return None
        self.process.kill()
        return self._end(self.deadline.failure())

    def _end(self, result: object) -> Outcome:
        self.process.join()
        self.connection.close()
        return Outcome(self.name, result)

    def stop(self) -> None:
        """Waits for a process that was asked to clean up and end, and ends it where it does not."""
        self.process.join(SECONDS_TO_STOP)
        self.process.kill()
        self.process.join()
        self.connection.close()


def _work(job: Job, modules: list[str], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, _exit)
    try:
        for module in modules:
            importlib.import_module(module)
        result = job.task(lambda *progress: _send(connection, progress))
    except Exception as error:  # whatever a job raises is its own failure
        result = Failure(in_one_line(error))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to clean up
    _send(connection, Outcome(job.name, result))


def _send(connection: Connection, message: object) -> None:
    try:
        connection.send(message)
    except OSError:  # the parent was killed, and nobody waits for the result
        sys.exit(1)


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)  # raises SystemExit, so that half-written folders are removed


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Ctrl-C waits until the block ends, and does not reach a process that is started in it."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # before Python 3.12 its start lets blocked signals through again
    pressed: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


def _describe_exit(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"the process ended with exit code {code} before it had a result"
