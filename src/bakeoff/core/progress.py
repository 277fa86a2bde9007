"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how much is done of how much."""

Monitor = Callable[[str], Progress]
"""Gives, for a stage's title, a function that is told how much is done of how much.

A title `stage/part` names one of the parts that the stage counts, such as a run; a part that fails is told of its end
too.
"""


def silent(_title: str) -> Progress:
    """A monitor that shows nothing."""
    return lambda _done, _total: None
