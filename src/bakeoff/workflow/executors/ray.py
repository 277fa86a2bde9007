"""Each job as a Ray task, on the machines of a cluster."""

import importlib
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from bakeoff.core.errors import ConfigError, in_one_line
from bakeoff.core.progress import Monitor, RunProgress
from bakeoff.core.registry import executors, modules_for_workers
from bakeoff.core.storage import digest
from bakeoff.workflow.executors.bundle import Bundle, Packed, node_folder, pack, unpack, unpack_bundle
from bakeoff.workflow.executors.deadline import Deadline
from bakeoff.workflow.executors.jobs import Failure, Job, MovableTask, Outcome
from bakeoff.workflow.executors.nodes import check_nodes, check_versions, connected, versions

TRIES = 3
"""How often a job is begun whose node or process dies."""
SECONDS_TO_STOP, POLL, TOLD_EVERY = 10.0, 0.2, 0.5
BEGUN = ()
"""What a job tells first."""

Task = Callable[[RunProgress], object]
Told = tuple[str, tuple[object, ...]]


@executors.register("ray")
def ray_tasks(jobs: Sequence[Job], workers: int, monitor: Monitor) -> Iterator[Outcome]:
    """Each job as a task of a Ray cluster, as many at once as its nodes carry.

    What a job reads is sent once to each node that does not see it; what it writes comes back with its result, and is
    written here. A job whose node dies is begun again on another one.
    """
    if not jobs:
        return
    modules = modules_for_workers(spawned=False)
    with connected(jobs[0].cluster) as ray:
        sent = {bundle: [ray.put(content) for content in bundle.load()] for bundle in check_nodes(ray, jobs)}
        tasks = _Tasks(ray, jobs, workers, monitor, _Shared(socket.gethostname(), modules, versions(), sent))
        try:
            yield from tasks.outcomes()
        except ray.exceptions.RayError as error:
            raise ConfigError(
                f"the connection to the Ray cluster was lost: {in_one_line(error)}. The same command trains what is "
                "missing."
            ) from None
        finally:
            tasks.stop()


class _Shared(NamedTuple):
    """What all tasks are given.

    Attributes:
        origin: The machine that they come from.
        modules: To be imported first.
        versions: As on that machine.
        sent: By bundle, references to the contents of its files in Ray's object store.
    """

    origin: str
    modules: Sequence[str]
    versions: Mapping[str, str]
    sent: Mapping[Bundle, Sequence[object]]


class _Tasks:
    """The jobs of one call, waiting and running."""

    def __init__(self, ray: ModuleType, jobs: Sequence[Job], workers: int, monitor: Monitor, shared: _Shared) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.ray, self.most, self.monitor = ray, workers or len(jobs), cache(monitor)
        self.jobs, self.waiting, self.tries = {job.name: job for job in jobs}, list(reversed(jobs)), Counter[str]()
        self.running: dict[object, Job] = {}
        self.deadlines: dict[str, Deadline] = {}
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.board = ray.remote(_Board).options(num_cpus=0, scheduling_strategy=here).remote()
        # max_calls: a process that had a GPU is used again, as any other
        self.work = ray.remote(max_retries=0, max_calls=0, scheduling_strategy="SPREAD")(_work)
        self.shared = ray.put(shared)

    def outcomes(self) -> Iterator[Outcome]:
        """How each job ended, as they end."""
        while self.waiting or self.running:
            self._submit()
            self.ray.wait(list(self.running), timeout=POLL)
            ended, _ = self.ray.wait(list(self.running), num_returns=len(self.running), timeout=0)
            self._listen()
            jobs = {reference: self.running.pop(reference) for reference in ended}
            self._submit()  # what ended is read and written while others run
            for reference, job in jobs.items():
                yield from self._end(reference, job)
            for reference in [own for own, job in self.running.items() if self._is_late(job)]:
                yield self._kill(reference)

    def _submit(self) -> None:
        while self.waiting and len(self.running) < self.most:
            job = self.waiting.pop()
            work = self.work.options(name=job.name, num_cpus=job.cpus, num_gpus=job.gpus)
            self.tries[job.name] += 1
            self.running[work.remote(job.name, job.task, self.board, self.shared)] = job

    def _listen(self) -> None:
        for name, progress in self.ray.get(self.board.take.remote()):
            if progress == BEGUN:
                self.deadlines[name] = Deadline(self.jobs[name])
            elif name in self.deadlines:  # or it is the last word of a node that died
                self.deadlines[name].told(*progress[:2])
                self.monitor(name)(*progress)

    def _end(self, reference: object, job: Job) -> Iterator[Outcome]:
        try:
            result, made = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:  # what it returned does not pickle
            result, made = Failure(in_one_line(error.cause)), {}
        except self.ray.exceptions.RayError as error:
            if self.tries[job.name] < TRIES:
                self.waiting.append(job)
                self.deadlines.pop(job.name, None)
                self.monitor(job.name)(0, 1, f"begun again: {in_one_line(error)}")
                return
            result, made = Failure(f"its process or node died {TRIES} times, at last: {in_one_line(error)}"), {}
        for path, packed in made.items():
            unpack(packed, path)
        yield Outcome(job.name, result)

    def _is_late(self, job: Job) -> bool:
        return job.name in self.deadlines and not self.deadlines[job.name].seconds

    def _kill(self, reference: object) -> Outcome:
        job = self.running.pop(reference)
        self.ray.cancel(reference, force=True)
        return Outcome(job.name, self.deadlines[job.name].failure())

    def stop(self) -> None:
        """Lets what still runs clean up and end, and ends it where it does not."""
        with suppress(self.ray.exceptions.RayError):  # the cluster is gone
            for force in (False, True):
                for reference in self.running:
                    self.ray.cancel(reference, force=force)
                if self.running:
                    self.ray.wait(list(self.running), num_returns=len(self.running), timeout=SECONDS_TO_STOP)
            self.ray.kill(self.board)


class _Board:
    """An actor that keeps what the jobs tell until it is asked."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def tell(self, name: str, progress: tuple[object, ...]) -> None:
        self.told.append((name, progress))

    def take(self) -> list[Told]:
        told, self.told = self.told, []
        return told


class _Teller:
    """A job's progress function on its node: twice a second at most, but all that has a status, and the end."""

    def __init__(self, name: str, board: ModuleType) -> None:
        self.name, self.board, self.next = name, board, 0.0
        self.last = board.tell.remote(name, BEGUN)

    def __call__(self, done: int, total: int, status: str = "", /) -> None:
        if status or done == total or time.monotonic() >= self.next:
            self.next = time.monotonic() + TOLD_EVERY
            self.last = self.board.tell.remote(self.name, (done, total, status) if status else (done, total))


def _work(name: str, task: Task, board: ModuleType, shared: _Shared) -> tuple[object, Mapping[Path, Packed]]:
    """On a node: a job's result, and by path what it wrote."""
    import ray

    teller = _Teller(name, board)
    try:
        check_versions(shared.versions, versions(), ray.util.get_node_ip_address())
        for module in shared.modules:
            importlib.import_module(module)
        return _work_elsewhere(task, teller, shared) if isinstance(task, MovableTask) else (task(teller), {})
    except Exception as error:  # whatever a job raises is its own failure
        return Failure(in_one_line(error)), {}
    finally:
        ray.get(teller.last)  # its progress is known before its end


def _work_elsewhere(task: MovableTask, teller: _Teller, shared: _Shared) -> tuple[object, Mapping[Path, Packed]]:
    import ray

    read = {own.root: unpack_bundle(own, map(ray.get, shared.sent[own])) for own in task.reads if own in shared.sent}
    written = {path: node_folder() / digest(shared.origin, str(path)) / path.name for path in task.writes}
    try:
        result = task.moved(read | written)(teller)
        packed = {path: pack(place) for path, place in written.items()}
        return result, {path: own for path, own in packed.items() if own is not None}
    finally:
        for place in written.values():
            shutil.rmtree(place.parent, ignore_errors=True)
