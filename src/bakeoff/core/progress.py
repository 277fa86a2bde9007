"""How long-running work reports its progress."""

import importlib
import sys
from collections.abc import Callable
from typing import Protocol, cast

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""

Beat = Callable[[], None]
"""Called after each batch of what may take minutes without a step of the training, so that nobody takes it for dead."""


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


def automatic(title: str) -> RunProgress:
    """A monitor that shows bars below the cell of a notebook, and nothing elsewhere.

    The command line's rooms draw them. They are looked up by name: rooms below them don't import them.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return no_progress
    return cast("RunProgress", importlib.import_module("bakeoff.cli.notebook").monitor(title))
