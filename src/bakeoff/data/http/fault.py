"""What can go wrong with a request."""

import re
from http.client import IncompleteRead

from urllib3 import exceptions

REASONS: dict[type[Exception], str] = {
    exceptions.NameResolutionError: "the server's name is not known",
    exceptions.ReadTimeoutError: "no answer in time",
    IncompleteRead: "cut off",  # urllib3's is a kind of it
}


class Fault(Exception):
    """A request that failed for good; the message says why."""


class WrongContent(exceptions.HTTPError):
    """A response that came whole and is not what was asked for; seldom better at the next attempt."""


def explain(error: BaseException) -> str:
    """What happened, without the addresses of objects, so that the same fault gives the same words."""
    if isinstance(error, exceptions.MaxRetryError) and error.reason:
        return explain(error.reason)
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
