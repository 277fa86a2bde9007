"""How long work tells how far it is."""

from collections.abc import Callable

Monitor = Callable[[str], Callable[[int, int], None]]
"""Gives, for a stage's title, a function that is told how much is done of how much.

A title `stage/part` names one of the parts that the stage counts, such as a run; a part that fails is told of its end
too.
"""


def silent(_title: str) -> Callable[[int, int], None]:
    """A monitor that shows nothing."""
    return lambda _done, _total: None
