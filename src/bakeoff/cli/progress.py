"""How far the stages and runs are: bars on a terminal, elsewhere a line for each that ended; on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bakeoff.core.progress import Monitor

SPEED_PERIOD = 3600
"""Seconds over which the speed is averaged for the time that is left."""


@contextmanager
def progress() -> Iterator[Monitor]:
    """Shows what is reported to its monitor, until the block ends."""
    console = Console(stderr=True)
    title, count = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[count]}", markup=False)
    columns = (title, BarColumn(), count, TimeElapsedColumn(), TimeRemainingColumn())
    hidden = not console.is_interactive
    with Progress(*columns, console=console, disable=hidden, speed_estimate_period=SPEED_PERIOD) as bars:
        yield Display(bars).monitor


@dataclass
class Stage:
    """A stage under way.

    Attributes:
        title: Its title.
        task: Its bar.
        done: What is done of it.
        total: Of how much.
        kept: What was done at its first report.
        parts: The fraction that is done of each of its parts, of ended ones too.
    """

    title: str
    task: TaskID
    done: int = 0
    total: int = 0
    kept: int | None = None
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def completed(self) -> float:
        return (self.kept or 0) + sum(self.parts.values()) if self.parts else self.done

    @property
    def count(self) -> str:
        """What is done, whole parts only, of how much."""
        done = (self.kept or 0) + list(self.parts.values()).count(1.0) if self.parts else self.done
        return f"{done:,}/{self.total:,}"


class Display:
    """Stages and their parts as bars, or as lines where the bars are disabled."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.stages: dict[str, Stage] = {}

    def monitor(self, title: str) -> Callable[[int, int], None]:
        """A stage, or with the title `stage/part` a part of one that is shown already."""
        owner, _, part = title.rpartition("/")
        if owner in self.stages:
            return partial(self._report_part, self.stages[owner], part, self._add(f"  {part}", "starting"))
        stage = self.stages[title] = Stage(title, self._add(title, ""))
        return partial(self._report, stage)

    def _add(self, title: str, count: str) -> TaskID:
        return self.bars.add_task(title, total=None, count=count)

    def _report(self, stage: Stage, done: int, total: int) -> None:
        stage.done, stage.total = done, total
        stage.kept = done if stage.kept is None else stage.kept
        self._show(stage)
        if done == total:
            self._print(f"{stage.title} {stage.count} in {_clock(self.bars.tasks[stage.task].elapsed)}")

    def _report_part(self, stage: Stage, part: str, task: TaskID, done: int, total: int) -> None:
        if stage.parts.get(part) == 1.0:  # a part's end may be reported twice
            return
        stage.parts[part] = done / total
        self.bars.update(task, completed=done, total=total, count=f"{done:,}/{total:,}", visible=done < total)
        self._show(stage)
        if done == total:
            whole = self.bars.tasks[stage.task]
            left = f", {_clock(whole.time_remaining)} left" if whole.time_remaining else ""
            self._print(f"{stage.title} {stage.count}: {part}, {_clock(whole.elapsed)}{left}")

    def _show(self, stage: Stage) -> None:
        speed = None if stage.parts else self.bars.tasks[stage.task].speed
        rate = f" {speed:,.1f}/s" if speed else ""
        self.bars.update(stage.task, completed=stage.completed, total=stage.total, count=f"{stage.count}{rate}")

    def _print(self, line: str) -> None:
        if self.bars.disable:
            self.bars.console.print(line, soft_wrap=True, markup=False, highlight=False)


def _clock(seconds: float | None) -> str:
    return str(timedelta(seconds=round(seconds or 0)))
