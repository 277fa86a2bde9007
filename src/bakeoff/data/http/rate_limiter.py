"""When the next request may be sent, and when to give up; shared by all threads of a download."""

import random
import time
from threading import Event, Lock

from bakeoff.core.errors import SourceError
from bakeoff.data.http.fault import FINAL, Fault
from bakeoff.data.http.options import Options

LONGEST_BACKOFF, LONGEST_WAIT = 30.0, 300.0
"""Seconds."""
MOST_LOST, LOST_SHARE = 20, 0.02
"""So many files, and so large a share of all, given up one after the other: it is the server that fails, not a file."""


class Stopped(Exception):
    """The download was given up while this thread was at work."""


class Pace:
    """The pace of a download.

    Args:
        options: How servers are asked.
        files: How many files are wanted, those that are there already too.

    Attributes:
        retries: How many attempts failed and were made again.
        answers: How many files were had, or refused for good.
    """

    def __init__(self, options: Options, files: int) -> None:
        self._most_lost = MOST_LOST + LOST_SHARE * files
        self.retries = self.answers = self._lost = 0
        self._options = options
        self._lock, self._stop = Lock(), Event()
        self._next = 0.0
        self._jitter = random.Random()

    def stop(self) -> None:
        """Ends what waits, and what asks from now on."""
        self._stop.set()

    def check(self) -> None:
        """Raises `Stopped` where the download was given up."""
        if self._stop.is_set():
            raise Stopped

    def wait(self) -> None:
        """Waits for the turn of a request: the rate limit, and what a server asked for."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            if self._options.rate_limit:
                self._next = turn + 1 / self._options.rate_limit
        self._sleep(turn - time.monotonic())

    def answered(self) -> None:
        """The server did its work."""
        with self._lock:
            self.answers, self._lost = self.answers + 1, 0

    def failed(self, fault: Fault, tries: int) -> None:
        """Waits before the next attempt, longer each time.

        Args:
            fault: Why the last one failed.
            tries: How many have failed.
        """
        with self._lock:
            self.retries += 1
            wait = min(fault.wait, LONGEST_WAIT)
            self._next = max(self._next, time.monotonic() + wait if wait else 0.0)
            share = self._jitter.uniform(0.5, 1.0)
        self._sleep(share * min(self._options.backoff * 2 ** (tries - 1), LONGEST_BACKOFF))

    def gave_up(self, fault: Fault, url: str, before: int) -> None:
        """Takes down that a file can't be had.

        Args:
            fault: Why.
            url: The file's.
            before: What `answers` was when it was first asked for.

        Raises:
            SourceError: Nobody else had an answer meanwhile from a server that can't be reached, or too many files
                in a row were given up: going on makes no sense.
        """
        if fault.cost == FINAL:
            self.answered()
            return
        with self._lock:
            self._lost += 1
            unreachable = not fault.connected and self.answers == before
            if unreachable or self._lost >= self._most_lost:
                what = "fails all the time" if fault.connected else "can't be reached"
                host = url.partition("://")[2].partition("/")[0]
                raise SourceError(
                    f"{host} {what} ({fault}). Check the "
                    "network, the proxy variables and the address; the same command goes on where this one stopped."
                )

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(max(seconds, 0.0)):
            raise Stopped
