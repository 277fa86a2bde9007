"""What can go wrong with a request, and whether to try again."""

import math
import re
from http.client import IncompleteRead

from urllib3 import exceptions

CONTENT, ASKED_TO_WAIT, FINAL = 3.0, 0.25, math.inf
"""What answers cost: one that came whole and is wrong, one that says when to come again, one that will not change."""

REASONS: dict[type[Exception], str] = {
    exceptions.NameResolutionError: "the server's name is not known",
    exceptions.ReadTimeoutError: "no answer in time",
    IncompleteRead: "cut off",  # urllib3's is a kind of it
}
NO_CONNECTION = (exceptions.ConnectTimeoutError, exceptions.ProxyError, exceptions.SSLError)
"""What comes before a server can be asked; a refusal is a kind of the first."""


class Fault(Exception):
    """A request that failed.

    Attributes:
        cost: How many of `Options.attempts` it uses up.
        wait: Seconds that the server asks to wait for.
        connected: Whether a server was there.
    """

    def __init__(self, message: str, cost: float = 1.0, *, wait: float = 0.0, connected: bool = True) -> None:
        super().__init__(message)
        self.cost, self.wait, self.connected = cost, wait, connected


def explain(error: BaseException) -> str:
    """What happened, without the addresses of objects, so that the same fault gives the same words."""
    for kind, reason in REASONS.items():
        if isinstance(error, kind):
            return reason
    if type(error) is exceptions.ConnectTimeoutError:
        return "no connection in time"
    inner = error.args[1] if isinstance(error, exceptions.ProtocolError) and len(error.args) > 1 else None
    if isinstance(inner, Exception):
        return explain(inner)
    words = re.sub(r"<[^>]* at 0x[0-9a-f]+>:? ?|\w+\([^)]*\):? ?", "", str(error)).strip()
    return words or type(error).__name__
