"""What killed processes leave is put right by the next that makes the same folder; what others use is left alone."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from bakeoff.core.atomic import atomic_folder, lock, remove_partials, tidy, write_bytes
from bakeoff.core.errors import StorageError

FILL = """
import os, sys, time
from pathlib import Path
from bakeoff.core.atomic import atomic_folder

with atomic_folder(Path(sys.argv[1])) as folder:
    (folder / "half").touch()
    print("filling", flush=True)
    time.sleep(600)
"""
KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from bakeoff.core.atomic import atomic_folder

move = Path.replace

def die_at_the_second(self, target):
    if self.name == "new":
        os.kill(os.getpid(), signal.SIGKILL)
    return move(self, target)

Path.replace = die_at_the_second
with atomic_folder(Path(sys.argv[1])) as folder:
    pass
"""


KILLED_IN_A_FILE = """
import os, signal, sys
from pathlib import Path
from bakeoff.core import durable
from bakeoff.core.atomic import write_bytes

durable.move = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
write_bytes(Path(sys.argv[1]), b"half")
"""


@contextmanager
def filling(target: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of making the folder; killed at the end."""
    command = [sys.executable, "-c", FILL, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "filling\n"
            yield process
        finally:
            process.kill()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def make(target: Path, content: str) -> None:
    with atomic_folder(target) as folder:
        (folder / content).touch()


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target, namesake = tmp_path / "run", tmp_path / "run1"
    with filling(target), filling(namesake):
        assert len(names(tmp_path)) == 2
    assert len(names(tmp_path)) == 2, "killed processes clean nothing up"
    make(target, "whole")
    assert [name.partition(".partial-")[0] for name in names(tmp_path)] == [".run1", "run"]
    make(namesake, "whole")
    assert names(tmp_path) == ["run", "run1"]


def test_what_a_living_process_fills_is_left_alone(tmp_path: Path) -> None:
    with filling(tmp_path / "run"):
        make(tmp_path / "run", "whole")
        left = [name for name in names(tmp_path) if name != "run"]
        assert len(left) == 1
        assert names(tmp_path / left[0] / "new") == ["half"]
        assert names(tmp_path / "run") == ["whole"]


def test_a_target_whose_replacement_was_killed_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "run"
    make(target, "first")
    done = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    with pytest.raises(StorageError), atomic_folder(target) as folder:
        (folder / "missing").read_bytes()
    assert names(tmp_path) == ["run"]
    assert names(target) == ["first"]


def test_tidying_does_the_same_and_makes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "run"
    make(target, "first")
    subprocess.run([sys.executable, "-c", KILLED_BETWEEN, str(target)], check=False)
    tidy(target)
    tidy(tmp_path / "missing" / "run")
    assert names(tmp_path) == ["run"]
    assert names(target) == ["first"]


def test_a_target_stays_when_its_replacement_can_not_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "run", "first")
    move = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError("no")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="no"):
        make(tmp_path / "run", "second")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["first"]


def test_many_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from bakeoff.core.atomic import atomic_folder

        for number in range(30):
            with atomic_folder(Path(sys.argv[1])) as folder:
                for name in "abc":
                    (folder / name).touch()
        """
    )
    command = [sys.executable, "-c", script, str(tmp_path / "run")]
    for process in [subprocess.Popen(command) for _ in range(4)]:
        assert process.wait() == 0
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["a", "b", "c"]


def test_without_locks_nothing_of_others_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: FileLock, **_asked: object) -> None:
        raise OSError(os.strerror(95))

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with lock(tmp_path / "run") as held:
        assert not held
    (tmp_path / ".run.partial-other").mkdir()
    make(tmp_path / "run", "whole")
    assert names(tmp_path) == [".run.partial-other", "run"]


@pytest.mark.parametrize("refusal", [NotImplementedError("no flock"), OSError(errno.ENOLCK, "No locks available")])
def test_a_file_system_without_locks_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(_self: FileLock, **_asked: object) -> None:
        raise refusal

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with pytest.raises(StorageError, match=r"is on a file system without locks.* Choose a folder on a local disk\."):
        make(tmp_path / "run", "whole")
    assert names(tmp_path) == []


def test_a_lock_excludes_others_until_its_timeout_and_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with lock(target) as first:
        with ThreadPoolExecutor(1) as other:
            assert other.submit(is_free, target).result() is False
        assert first
        assert ".run.lock" in names(tmp_path)
    assert ".run.lock" not in names(tmp_path)
    assert is_free(target)


def test_a_lock_file_that_a_killed_process_left_is_taken_over_and_removed(tmp_path: Path) -> None:
    (tmp_path / ".run.lock").touch()
    assert is_free(tmp_path / "run")
    assert names(tmp_path) == []


def test_one_holds_a_lock_at_a_time_though_its_file_is_removed_each_time(tmp_path: Path) -> None:
    inside = most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(40):
            with lock(tmp_path / "run"):
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work) for _ in range(4)]:
            done.result()
    assert most == 1
    assert names(tmp_path) == []


def is_free(target: Path) -> bool:
    with lock(target, timeout=0.05) as held:
        return held


def test_what_a_killed_writer_left_of_a_file_is_removed(tmp_path: Path) -> None:
    target, other = tmp_path / "a[1].json", tmp_path / ".a1.json.partial-7"
    other.touch()
    write_bytes(target, b"whole")
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_A_FILE, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert any(name.startswith(".a[1].json.partial-") for name in names(tmp_path))
    remove_partials(tmp_path, target.name)
    assert names(tmp_path) == [other.name, target.name]
    assert target.read_bytes() == b"whole"
