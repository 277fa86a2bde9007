"""Connections that check whom they reached (SSRF: server-side request forgery), and read responses within limits.

An address is checked when the connection stands: neither a redirect nor a name that is resolved again (DNS rebinding)
gets around it. The connection reads a response whole: so urllib3's retries cover its body, too, and a server that sends
it in drops, each within urllib3's timeout, is given up.
"""

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from ipaddress import ip_address
from threading import Timer
from typing import ClassVar
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError

from bakeoff.core.untrusted import LARGEST_FILE
from bakeoff.data.http.fault import Fault
from bakeoff.data.http.rate_limiter import RateLimiter

SCHEMES = ("http", "https")
CHUNK = 2**18
SLOWEST = 4096
"""Bytes per second; a response that comes more slowly over a whole timeout is given up."""


def pool_classes(
    *, allow_private: bool, timeout: float, verify: Callable[[bytes], None], limiter: RateLimiter
) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's connection pools by scheme, with the connections of this module.

    Args:
        allow_private: Whether addresses that are not public are asked.
        timeout: Seconds in which at least `SLOWEST` bytes per second have to come.
        verify: Raises `WrongContent` where a response's bytes are not what was asked for.
        limiter: Raises `Stopped` where the download was given up.
    """
    own = {"allow_private": allow_private, "patience": timeout, "verify": staticmethod(verify), "limiter": limiter}
    http, https = (type(kind.__name__, (kind,), own) for kind in (_Connection, _SecureConnection))
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


class _Connection(HTTPConnection):
    allow_private: ClassVar[bool]
    patience: ClassVar[float]
    verify: Callable[[bytes], None]
    limiter: ClassVar[RateLimiter]

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        if not (self.allow_private or self.proxy):
            try:
                _check_host(made.getpeername()[0])
            except Fault:
                made.close()
                raise
        return made

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """The response with its bytes; those of a refusal or a redirect are not read."""
        response = self._head()
        raw = b""
        with closing(response):
            if response.status in (200, 206):
                raw = self._body(response)
                self.verify(raw)
            else:
                self.close()
        return HTTPResponse(raw, response.headers, response.status, reason=response.reason, decode_content=False)

    def _head(self) -> HTTPResponse:
        begin, longest = time.monotonic(), 2 * self.patience
        timer = Timer(longest, _cut, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        finally:
            timer.cancel()
        if time.monotonic() - begin >= longest:  # what was cut off may look like the end of the head
            response.close()
            raise TimeoutError
        return response

    def _body(self, response: HTTPResponse) -> bytes:
        raw = bytearray()
        begin, before = time.monotonic(), 0
        while chunk := response.read1(CHUNK, decode_content=False):
            raw += chunk
            if len(raw) > LARGEST_FILE:
                raise Fault(f"more than {LARGEST_FILE:,} bytes")
            self.limiter.sleep(0)
            seconds = time.monotonic() - begin
            if seconds > self.patience:
                if len(raw) - before < SLOWEST * seconds:
                    raise ProtocolError(f"slower than {SLOWEST} bytes per second")
                begin, before = time.monotonic(), len(raw)
        return bytes(raw)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def _cut(stream: socket.socket) -> None:
    with suppress(OSError):  # it may be closed by now
        socket.socket.shutdown(stream, socket.SHUT_RDWR)  # TLS's own way of it would disturb the thread that reads


def check_url(url: str, *, allow_private: bool) -> None:
    """Raises `Fault` at a URL of another scheme, one that holds a password, and one that names a private address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Fault("its URL is not valid") from None
    if parts.scheme not in SCHEMES or not host:
        raise Fault(f"its URL is refused: only {' and '.join(SCHEMES)} are read")
    if parts.username is not None:
        raise Fault("its URL is refused: it holds a user name or password")
    if not allow_private:
        _check_host(host)


def _check_host(host: str) -> None:
    """Refuses an address that is not public; a name stands for what it leads to, which is checked there."""
    try:
        address = ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        public = address.is_global and not address.is_multicast
    except ValueError:
        public = not f".{host}".endswith(".localhost")
    if not public:
        raise Fault(f"{host} is a private address; data.allow_private = true (of fetch: --allow-private) allows it")
