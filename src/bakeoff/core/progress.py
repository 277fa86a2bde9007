"""How long-running work reports its progress."""

from collections.abc import Callable
from typing import Protocol

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class RunProgress(Protocol):
    """A `Progress` that is told a run's state in words, too, whenever that was evaluated."""

    def __call__(self, done: int, total: int, status: str = "", /) -> None:
        """Takes how much is done, of how much, and "epoch 3 of 15, loss 1.204, validation 54.2 %"."""


Monitor = Callable[[str], RunProgress]
"""Gives the progress function of the stage with a title.

A title `stage/part` names one of the parts that the stage counts, such as a run; the end of a failed part is reported
too.
"""


def no_progress(_done: int, _total: int, _status: str = "", /) -> None:
    """Shows nothing."""


def silent(_title: str) -> RunProgress:
    """A monitor that shows nothing."""
    return no_progress
