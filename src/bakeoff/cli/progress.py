"""How far the stages and runs are: bars on a terminal, elsewhere a line for each that ended; on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bakeoff.cli.stalls import Stalls, watched
from bakeoff.core.progress import Monitor, RunProgress
from bakeoff.core.untrusted import printable

SPEED_PERIOD = 3600
"""Seconds over which the speed is averaged for the time that is left."""


@contextmanager
def progress() -> Iterator[Monitor]:
    """Shows what is reported to its monitor, until the block ends."""
    console = Console(stderr=True)
    hidden = not console.is_interactive
    with Progress(*columns(), console=console, disable=hidden, speed_estimate_period=SPEED_PERIOD) as bars:
        shown = Display(bars)
        with watched(shown.stalls, shown.say):
            yield shown.monitor


def columns() -> tuple[ProgressColumn, ...]:
    """What a line shows: title, bar, count or state in words, the time since its start, and the time left."""
    title, count = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[count]}", markup=False)
    return title, BarColumn(), count, TimeElapsedColumn(), TimeRemainingColumn()


class Display:
    """Stages and their parts as bars, or as lines where the bars are disabled."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.stages: dict[str, Task] = {}
        self.stalls = Stalls(bars.get_time)

    def monitor(self, title: str) -> RunProgress:
        """A stage, or with the title `stage/part` a part of one that is shown already."""
        owner, _, part = title.rpartition("/")
        if owner in self.stages:
            stage = self.stages[owner]
            stage.fields["parts"] = True
            self.stalls.heard(part)
            self._print(f"{part}: starting")
            return partial(self._report_part, stage, self._add(f"  {part}", "starting"))
        stage = self.stages[title] = self._add(title, "")
        return partial(self._report, stage)

    def _add(self, title: str, count: str) -> Task:
        self.bars.add_task(title, total=None, count=count, ended=0, parts=False, status="")
        return self.bars.tasks[-1]

    def _report(self, stage: Task, done: int, total: int, status: str = "", /) -> None:
        stage.fields["status"] = status or stage.fields["status"]
        self._show(stage, max(stage.completed, done), done, total)
        if done == total:
            self._print(f"{stage.description} {done:,}/{total:,} in {_clock(stage.elapsed)}")

    def _report_part(self, stage: Task, part: Task, done: int, total: int, status: str = "", /) -> None:
        if part.finished:  # a part's end may be reported twice
            return
        self.stalls.heard(part.description.strip(), ended=done == total)
        before = part.percentage
        part.fields["status"] = status or part.fields["status"]
        said = part.fields["status"] or f"{done:,}/{total:,}"
        self.bars.update(part.id, completed=done, total=total, count=said, visible=done < total)
        if status:
            self._print(f"{part.description.strip()}: {status}{_left(part)}")
        completed, ended = stage.completed + (part.percentage - before) / 100, stage.fields["ended"]
        self._show(stage, completed, ended + (done == total), int(stage.total or 0))
        if done == total:
            line = f"{stage.description} {stage.fields['count']}: {part.description.strip()}"
            self._print(f"{line}, {_clock(stage.elapsed)}{_left(stage)}")

    def _show(self, stage: Task, completed: float, ended: int, total: int) -> None:
        rate = f" {stage.speed:,.1f}/s" if stage.speed and not stage.fields["parts"] else ""
        count = stage.fields["status"] or f"{ended:,}/{total:,}{rate}"
        self.bars.update(stage.id, completed=completed, total=total, ended=ended, count=count)

    def _print(self, line: str) -> None:
        if self.bars.disable:
            self.say(line)

    def say(self, line: str) -> None:
        """Prints a line, above the bars where there are any; nothing in it instructs the terminal."""
        self.bars.console.print(printable(line), soft_wrap=True, markup=False, highlight=False)


def _left(task: Task) -> str:
    return f", {_clock(task.time_remaining)} left" if task.time_remaining else ""


def _clock(seconds: float | None) -> str:
    return str(timedelta(seconds=round(seconds or 0)))
