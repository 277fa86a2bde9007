"""What is shown of stages and runs, on a terminal and in a log file."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from bakeoff.cli.progress import SPEED_PERIOD, Display, progress


class Clock:
    """A time that stands still, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def display(clock: Clock, *, disable: bool = True) -> Display:
    console = Console(file=io.StringIO(), width=20)
    return Display(Progress(console=console, disable=disable, get_time=clock, speed_estimate_period=SPEED_PERIOD))


def run_three(shown: Display, clock: Clock) -> None:
    """A stage, then three runs, of which one was there already, one fails half way, and one is under way."""
    photos = shown.monitor("photos")
    for done in (10, 20):
        photos(done, 20)
    runs = shown.monitor("runs")
    runs(1, 4)
    first, second = shown.monitor("runs/net1-seed0"), shown.monitor("runs/net[2]")
    clock.now = 30
    first(20, 40)
    clock.now = 60
    second(20, 40)
    second(1, 1)
    runs(2, 4)
    first(30, 40)


def test_the_time_left_is_that_of_the_work_left() -> None:
    clock = Clock()
    shown = display(clock)
    runs = shown.monitor("runs")
    (task,) = shown.bars.tasks
    clock.now = 100
    runs(5, 35)
    assert (task.time_remaining, task.fields["count"]) == (None, "5/35"), "kept runs say nothing of the speed"
    part = shown.monitor("runs/a")
    clock.now = 110
    part(1, 2)
    clock.now = 190
    part(2, 2)
    assert (task.completed, task.fields["count"]) == (6, "6/35")
    assert task.time_remaining == 29 * 90, "90 s for one of thirty"


def test_a_stage_without_parts_shows_its_rate() -> None:
    clock = Clock()
    shown = display(clock)
    photos = shown.monitor("photos")
    for clock.now in (0, 10, 20):
        photos(int(clock.now) + 10, 1000)
    assert shown.bars.tasks[0].fields["count"] == "30/1,000 1.0/s"


def test_lines_name_what_ended() -> None:
    clock = Clock()
    shown = display(clock)
    run_three(shown, clock)
    assert shown.bars.console.file.getvalue().splitlines() == [
        "photos 20/20 in 0:00:00",
        "net1-seed0: starting",
        "net[2]: starting",
        "runs 2/4: net[2], 0:01:00, 0:01:00 left",
    ]


def test_an_evaluated_epoch_is_told_on_a_line_and_at_its_bar() -> None:
    clock = Clock()
    shown = display(clock)
    shown.monitor("runs")(0, 1)
    part = shown.monitor("runs/net1-seed0")
    clock.now = 10
    part(10, 40, "")
    clock.now = 20
    part(20, 40, "epoch 2 of 4, loss 1.204, validation 54.2 %")
    part(30, 40)
    assert shown.bars.console.file.getvalue().splitlines() == [
        "net1-seed0: starting",
        "net1-seed0: epoch 2 of 4, loss 1.204, validation 54.2 %, 0:00:20 left",
    ]
    assert shown.bars.tasks[1].fields["count"] == "epoch 2 of 4, loss 1.204, validation 54.2 %"


def test_bars_are_of_the_stages_and_of_the_runs_under_way() -> None:
    clock = Clock()
    shown = display(clock, disable=False)
    run_three(shown, clock)
    tasks = shown.bars.tasks
    assert [(task.description, task.completed, task.total, task.fields["count"], task.visible) for task in tasks] == [
        ("photos", 20, 20, "20/20", True),
        ("runs", 2.75, 4, "2/4", True),
        ("  net1-seed0", 30, 40, "30/40", True),
        ("  net[2]", 1, 1, "1/1", False),
    ]


def test_a_terminal_gets_bars_and_a_file_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for terminal in ("0", "1"):
        monkeypatch.setenv("TTY_COMPATIBLE", terminal)
        monkeypatch.setenv("TTY_INTERACTIVE", terminal)
        with progress() as monitor:
            monitor("photos")(3, 3)
    errors = capsys.readouterr().err
    assert errors.startswith("photos 3/3 in 0:00:00\n")
    assert "━━━" in errors
