"""How long-running work reports its progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""

Monitor = Callable[[str], Progress]
"""Gives the progress function of the stage with a title.

A title `stage/part` names one of the parts that the stage counts, such as a run; the end of a failed part is reported
too.
"""


def silent(_title: str) -> Progress:
    """A monitor that shows nothing."""
    return lambda _done, _total: None
