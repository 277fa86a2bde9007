"""How servers are asked; none of it changes what is read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How servers are asked.

    Attributes:
        connections: Requests at once.
        rate_limit: Requests a second at most; 0 means no limit.
        timeout: Seconds to wait for a connection, and for the next bytes of an answer.
        allow_private: Whether addresses that are not public are asked: loopback, the local network.
        attempts: How often what fails for the moment is tried.
        backoff: Seconds before the second attempt; before each further one twice as many, up to `LONGEST_BACKOFF`.
    """

    connections: int = 16
    rate_limit: float = 0.0
    timeout: float = 20.0
    allow_private: bool = False
    attempts: int = 8
    backoff: float = 0.5
