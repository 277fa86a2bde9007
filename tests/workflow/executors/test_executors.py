"""One suite that every executor passes, and what only processes can do."""

import functools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bakeoff.core.progress import RunProgress, silent
from bakeoff.core.registry import executors
from bakeoff.workflow.executors.jobs import Failure, Job, Outcome


def square(number: int, progress: RunProgress) -> int:
    progress(1, 2, "half")
    progress(2, 2)
    return number * number


def fail(_progress: RunProgress) -> int:
    raise ValueError("bad number\nand more")


def starve(_progress: RunProgress) -> int:
    raise MemoryError


def die(number: int, _progress: RunProgress) -> None:
    os.kill(os.getpid(), number)


def leave(_progress: RunProgress) -> None:
    os._exit(3)


def touch(path: Path, seconds: float, _progress: RunProgress) -> str:
    path.touch()
    time.sleep(seconds)
    return path.name


@pytest.fixture(params=executors.names())
def execute(request: pytest.FixtureRequest):
    if request.param == "ray":
        request.getfixturevalue("ray_node")
    return executors[request.param]


def test_every_job_has_its_result_whatever_the_workers(execute) -> None:
    jobs = [Job(f"job{number}", functools.partial(square, number)) for number in range(5)]
    for workers in (1, 3):
        outcomes = {outcome.name: outcome.result for outcome in execute(jobs, workers, silent)}
        assert outcomes == {f"job{number}": number * number for number in range(5)}


def test_a_job_that_raises_does_not_stop_the_others(execute) -> None:
    jobs = [Job("a", functools.partial(square, 2)), Job("b", fail), Job("c", starve)]
    jobs.append(Job("d", functools.partial(square, 3)))
    outcomes = sorted(execute(jobs, 2, silent), key=lambda outcome: outcome.name)
    assert outcomes == [
        Outcome("a", 4),
        Outcome("b", Failure("ValueError: bad number")),
        Outcome("c", Failure("MemoryError")),
        Outcome("d", 9),
    ]


def test_progress_reaches_the_monitor_of_its_job(execute) -> None:
    told: list[tuple[object, ...]] = []

    def monitor(name: str) -> RunProgress:
        return lambda *progress: told.append((name, *progress))

    list(execute([Job("a", functools.partial(square, 2))], 1, monitor))
    assert told == [("a", 1, 2, "half"), ("a", 2, 2)]


def test_no_jobs_give_no_outcomes(execute) -> None:
    assert list(execute([], 2, silent)) == []


def test_a_killed_process_is_a_failure_with_its_reason() -> None:
    jobs = [
        Job("killed", functools.partial(die, signal.SIGKILL)),
        Job("crashed", functools.partial(die, signal.SIGSEGV)),
        Job("left", leave),
        Job("good", functools.partial(square, 2)),
    ]
    outcomes = {outcome.name: outcome.result for outcome in executors["processes"](jobs, 2, silent)}
    assert outcomes == {
        "killed": Failure("killed by SIGKILL (out of memory?)"),
        "crashed": Failure("killed by SIGSEGV"),
        "left": Failure("the process ended with exit code 3 before it had a result"),
        "good": 4,
    }


def hang(_progress: RunProgress) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a loop in C would
    time.sleep(600)


def three_parts(progress: RunProgress) -> str:
    for done in (1, 2, 3):
        time.sleep(4)
        progress(done, 3)
    return "slow, but on its way"


def test_a_job_that_hangs_is_ended_by_force_while_the_others_go_on() -> None:
    # The slow one takes more time in all than it has for a part, and on a busy machine a part has 5 s to begin.
    jobs = [Job("hangs", hang, 3.5, 7), Job("slow", three_parts, 9.0, 3), Job("untimed", functools.partial(square, 2))]
    outcomes = {outcome.name: outcome.result for outcome in executors["processes"](jobs, 3, silent)}
    assert outcomes == {
        "hangs": Failure("epoch 1 of 7 did not end within 3.5 s (training.timeout)"),
        "slow": "slow, but on its way",
        "untimed": 4,
    }


def test_processes_run_side_by_side(tmp_path: Path) -> None:
    jobs = [Job(name, functools.partial(meet, tmp_path, name)) for name in ("a", "b")]
    assert {outcome.result for outcome in executors["processes"](jobs, 2, silent)} == {"met"}


def meet(folder: Path, name: str, _progress: RunProgress) -> str:
    (folder / name).touch()
    end = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    return "met" if len(list(folder.iterdir())) == 2 else "alone"


def test_stopping_early_ends_the_workers(tmp_path: Path) -> None:
    jobs = [Job("quick", functools.partial(square, 2)), Job("slow", functools.partial(touch, tmp_path / "slow", 600))]
    outcomes = executors["processes"](jobs, 2, silent)
    assert next(outcomes) == Outcome("quick", 4)
    start = time.monotonic()
    outcomes.close()
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("begun", ["starts", "works"])
def test_ctrl_c_stops_the_workers_and_their_folders_are_gone(tmp_path: Path, begun: str) -> None:
    script = textwrap.dedent(
        """
        import functools, sys, time
        from pathlib import Path
        from bakeoff.workflow.executors.jobs import Job
        from bakeoff.core.registry import executors
        from bakeoff.core.atomic import atomic_folder

        def fill(target, progress):
            with atomic_folder(target) as folder:
                progress(1, 2)
                time.sleep(600)

        if __name__ == "__main__":
            job = Job("a", functools.partial(fill, Path(sys.argv[1]) / "target"))

            def monitor(name):
                print("starts", flush=True)
                return lambda *_: print("works", flush=True)

            try:
                list(executors["processes"]([job], 1, monitor))
            except KeyboardInterrupt:
                sys.exit(130)
        """
    )
    (tmp_path / "script.py").write_text(script)
    (tmp_path / "out").mkdir()
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        while process.stdout.readline() != f"{begun}\n":
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, ""), "the group's signal does not reach the workers"
    assert list((tmp_path / "out").iterdir()) == []


def test_workers_whose_parent_was_killed_end_and_leave_nothing(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import functools, os, signal, sys, time
        from pathlib import Path
        from bakeoff.workflow.executors.jobs import Job
        from bakeoff.core.registry import executors
        from bakeoff.core.atomic import atomic_folder

        def fill(target, progress):
            with atomic_folder(target):
                while True:
                    progress(1, 2)
                    time.sleep(0.01)

        if __name__ == "__main__":
            job = Job("a", functools.partial(fill, Path(sys.argv[1]) / "target"))
            die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            list(executors["processes"]([job], 1, lambda name: die))
        """
    )
    (tmp_path / "script.py").write_text(script)
    (tmp_path / "out").mkdir()
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)  # ends when the worker's stderr does
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert list((tmp_path / "out").iterdir()) == []
