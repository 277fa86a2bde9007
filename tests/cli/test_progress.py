"""What is shown of stages and runs, on a terminal and in a log file."""

import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import Progress, TaskID

from bakeoff.cli import progress
from bakeoff.cli.progress import Bars, Display, Lines, Stage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, in seconds."""
    now = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return lambda seconds: now.__setitem__(0, seconds)


def run_three(display: Display, clock: Callable[[float], None]) -> None:
    """A stage, then three runs, of which one was there already, one fails half way, and one is under way."""
    photos = display.monitor("photos")
    for done in (10, 20):
        photos(done, 20)
    runs = display.monitor("runs")
    runs(1, 4)
    first, second = display.monitor("runs/net1-seed0"), display.monitor("runs/net[2]")
    clock(30)
    first(20, 40)
    clock(60)
    second(20, 40)
    second(1, 1)
    runs(2, 4)
    first(30, 40)


def test_the_time_left_is_that_of_the_work_left(clock: Callable[[float], None]) -> None:
    stage = Stage("runs")
    assert (stage.left, stage.count) == ("", "")
    clock(100)
    stage.tell(5, 35)
    assert (stage.left, stage.count) == ("", "5/35"), "what was there already tells nothing of the speed"
    clock(110)
    stage.tell(10, 35)
    assert stage.rate == "0.5/s"
    stage.parts = {"a": 1.0, "b": 0.5}
    clock(190)
    assert stage.rate == "", "that of runs says nothing"
    assert (stage.completed, stage.count) == (6.5, "6/35")
    assert stage.left == "0:28:30 left", "90 s for one and a half of thirty"
    stage.parts = dict.fromkeys(map(str, range(30)), 1.0)
    stage.tell(35, 35)
    assert (stage.count, stage.left, stage.elapsed) == ("35/35", "", "0:03:10")


def test_lines_tell_what_ended(clock: Callable[[float], None]) -> None:
    console = Console(file=io.StringIO(), width=20)
    lines = Lines(console)
    run_three(lines, clock)
    assert console.file.getvalue().splitlines() == [
        "photos 20/20 in 0:00:00",
        "runs 2/4: net[2], 0:01:00, 0:01:00 left",
    ]


def test_bars_are_of_the_stages_and_of_the_runs_under_way(clock: Callable[[float], None]) -> None:
    with Progress(console=Console(file=io.StringIO()), disable=True) as bars:
        run_three(Bars(bars), clock)
    shown = [(task.fields["title"], task.completed, task.total, task.fields["count"]) for task in bars.tasks]
    assert shown == [
        ("photos", 20, 20, "20/20"),
        ("runs", 2.75, 4, "2/4"),
        ("  net1-seed0", 30, 40, "30/40"),
        ("  net[2]", 1, 1, "1/1"),
    ]
    assert [task.visible for task in bars.tasks] == [True, True, True, False]
    assert bars.tasks[TaskID(1)].fields["left"] == "0:00:43 left"


def test_a_terminal_gets_bars_and_a_file_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for terminal in ("0", "1"):
        monkeypatch.setenv("TTY_COMPATIBLE", terminal)
        monkeypatch.setenv("TTY_INTERACTIVE", terminal)
        with progress.progress() as monitor:
            monitor("photos")(3, 3)
    errors = capsys.readouterr().err
    assert errors.startswith("photos 3/3 in 0:00:00\n")
    assert "━━━" in errors
