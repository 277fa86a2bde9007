"""A run that shows no progress is named."""

import threading

import pytest
from tests.cli.test_progress import Clock, display

from bakeoff.cli import stalls
from bakeoff.cli.stalls import Stalls, watched


def test_a_run_without_progress_is_named_once_a_minute_until_it_goes_on() -> None:
    clock = Clock()
    shown = display(clock)
    shown.monitor("runs")(0, 2)
    quick, stuck = shown.monitor("runs/quick"), shown.monitor("runs/stuck")
    said = []
    for clock.now in range(0, 200, 10):
        quick(int(clock.now), 1000)
        said += [(clock.now, line.partition(".")[0]) for line in shown.stalls.lines()]
    assert said == [(time, "stuck: no progress for 60 s") for time in (60, 120, 180)]
    stuck(1, 1)
    clock.now = 1000
    assert [line[:6] for line in shown.stalls.lines()] == ["quick:"], "what has ended is not waited for"


def test_the_lines_are_said_while_the_work_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "CHECKED", 0.001)
    clock, said = Clock(), threading.Event()
    watch = Stalls(clock)
    watch.heard("stuck")
    with watched(watch, lambda _line: said.set()):
        assert not said.wait(0.02)
        clock.now = 61
        assert said.wait(10)
