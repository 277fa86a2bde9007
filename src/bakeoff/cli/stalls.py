"""Says which run has shown no progress for long; what to do about it is the user's to decide."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET = 60.0
"""Seconds without progress that are worth a line."""

CHECKED = 5.0


class Stalls:
    """When each part of the work was last heard of.

    Args:
        now: A clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._heard: dict[str, float] = {}

    def heard(self, name: str, *, ended: bool = False) -> None:
        """Takes that a part is under way, or has ended."""
        self._heard.pop(name, None)
        if not ended:
            self._heard[name] = self.now()

    def lines(self) -> Iterator[str]:
        """One line for each part that has been quiet for long, the next after as long again."""
        for name, since in list(self._heard.items()):
            quiet = self.now() - since
            if quiet >= QUIET:
                self._heard[name] = self.now()
                yield (
                    f"{name}: no progress for {quiet:.0f} s. It may be slow or hang; training.timeout ends a run whose "
                    "epoch takes longer than so many seconds."
                )


@contextmanager
def watched(stalls: Stalls, say: Callable[[str], None]) -> Iterator[None]:
    """Says the lines as they arise, from a thread of its own, until the block ends."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(CHECKED):
            for line in stalls.lines():
                say(line)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
