"""When the next request may be sent; shared by all threads of a download."""

import time
from threading import Event, Lock


class Stopped(Exception):
    """The download was given up while this thread was at work."""


class RateLimiter:
    """Sends requests at a limited rate, and wakes all that wait where the download is given up.

    Args:
        limit: Requests per second; 0 means no limit.
    """

    def __init__(self, limit: float) -> None:
        self._interval = 1 / limit if limit else 0.0
        self._lock, self._stop, self._next = Lock(), Event(), 0.0

    def stop(self) -> None:
        """Ends what waits, and what asks from now on."""
        self._stop.set()

    def sleep(self, seconds: float) -> None:
        """Waits; raises `Stopped` where the download was given up."""
        if self._stop.wait(max(seconds, 0.0)):
            raise Stopped

    def wait(self) -> None:
        """Waits for the turn of one request."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._interval
        self.sleep(turn - time.monotonic())

    def delay(self, seconds: float) -> None:
        """Lets all requests wait, as the server asked for."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)
