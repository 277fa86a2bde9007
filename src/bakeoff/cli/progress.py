"""How far the stages and runs are: bars on a terminal, elsewhere a line for each that ended; on standard error."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@contextmanager
def progress() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Shows what its monitor (see `bakeoff.workflow.sweep`) is told, until the block ends."""
    console = Console(stderr=True)
    if not console.is_interactive:
        yield Lines(console).monitor
        return
    title, count, left = (TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("title", "count", "left"))
    rate = TextColumn("{task.fields[rate]}", markup=False)
    with Progress(title, BarColumn(), count, rate, TimeElapsedColumn(), left, console=console) as bars:
        yield Bars(bars).monitor


@dataclass
class Stage:
    """How far a stage is.

    Attributes:
        title: Its title.
        done: What is done of it, as it was told.
        total: Of how much; 0 as long as nothing was told.
        parts: The share, 0 to 1, that is done of each of its parts, of ended ones too.
        begin: When it began, in seconds.
        told: When it was first told of, in seconds.
        kept: What was done then.
    """

    title: str
    done: int = 0
    total: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    begin: float = field(default_factory=lambda: time.monotonic())
    told: float = 0.0
    kept: int = 0

    def tell(self, done: int, total: int) -> None:
        """Takes what is done of it."""
        if not self.total:
            self.told, self.kept = time.monotonic(), done
        self.done, self.total = done, total

    @property
    def completed(self) -> float:
        """What is done, parts under way by their share."""
        return self.kept + sum(self.parts.values()) if self.parts else self.done

    @property
    def count(self) -> str:
        """What is done, whole parts only, of how much."""
        done = self.kept + list(self.parts.values()).count(1.0) if self.parts else self.done
        return f"{done:,}/{self.total:,}" if self.total else ""

    @property
    def elapsed(self) -> str:
        """Wall time since it began."""
        return _clock(time.monotonic() - self.begin)

    @property
    def rate(self) -> str:
        """How much was done a second so far; empty as long as nothing tells, and where it has parts."""
        seconds = time.monotonic() - self.told
        return (
            f"{(self.done - self.kept) / seconds:,.1f}/s"
            if self.done > self.kept and not self.parts and seconds
            else ""
        )

    @property
    def left(self) -> str:
        """The time it still takes at its mean speed so far; empty as long as nothing tells, and at its end."""
        made, missing = self.completed - self.kept, self.total - self.completed
        return f"{_clock((time.monotonic() - self.told) * missing / made)} left" if made > 0 and missing > 0 else ""


class Display(ABC):
    """Stages and their parts, shown in one way or another."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}

    def monitor(self, title: str) -> Callable[[int, int], None]:
        """A stage, or with the title `stage/part` a part of one that is shown already."""
        owner, _, part = title.rpartition("/")
        if owner in self.stages:
            self.show_part(self.stages[owner], part, 0, 0)
            return lambda done, total: self._tell_part(self.stages[owner], part, done, total)
        stage = self.stages[title] = Stage(title)
        self.show(stage)
        return lambda done, total: self._tell(stage, done, total)

    def _tell(self, stage: Stage, done: int, total: int) -> None:
        stage.tell(done, total)
        self.show(stage)

    def _tell_part(self, stage: Stage, part: str, done: int, total: int) -> None:
        if stage.parts.get(part) != 1.0:  # a part's end may be told twice
            stage.parts[part] = done / total
            self.show_part(stage, part, done, total)
            self.show(stage)

    @abstractmethod
    def show(self, stage: Stage) -> None:
        """Shows that a stage began or went on."""

    @abstractmethod
    def show_part(self, stage: Stage, part: str, done: int, total: int) -> None:
        """Shows that a part of a stage began or went on."""


class Bars(Display):
    """A bar for each stage, and below it one for each of its parts that is under way."""

    def __init__(self, bars: Progress) -> None:
        super().__init__()
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def show(self, stage: Stage) -> None:
        """Moves the stage's bar."""
        self.bars.update(
            self._task(stage.title, stage.title),
            completed=stage.completed,
            total=stage.total or None,
            count=stage.count,
            rate=stage.rate,
            left=stage.left,
        )

    def show_part(self, stage: Stage, part: str, done: int, total: int) -> None:
        """Moves the part's bar, or takes it away at its end."""
        task = self._task(f"{stage.title}/{part}", f"  {part}")
        ended = stage.parts.get(part) == 1.0
        count = f"{done:,}/{total:,}" if total else "starting"
        self.bars.update(task, completed=done, total=total or None, count=count, visible=not ended)

    def _task(self, key: str, title: str) -> TaskID:
        if key not in self.tasks:
            self.tasks[key] = self.bars.add_task("", total=None, title=title, count="", rate="", left="")
        return self.tasks[key]


class Lines(Display):
    """A line for each part and each stage that ended."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def show(self, stage: Stage) -> None:
        """Writes a line at the stage's end."""
        if stage.total and stage.done == stage.total:
            self._print(f"{stage.title} {stage.count} in {stage.elapsed}")

    def show_part(self, stage: Stage, part: str, done: int, total: int) -> None:
        """Writes a line at the part's end."""
        if stage.parts.get(part) == 1.0:
            self._print(", ".join(filter(None, (f"{stage.title} {stage.count}: {part}", stage.elapsed, stage.left))))

    def _print(self, line: str) -> None:
        self.console.print(line, soft_wrap=True, markup=False, highlight=False)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
