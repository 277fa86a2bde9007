"""Which addresses may be asked: a name is judged by what it leads to, when a connection stands."""

import socket
from contextlib import suppress
from ipaddress import ip_address
from threading import Event, Timer
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from bakeoff.data.http.fault import FINAL, Fault

SCHEMES = ("http", "https")


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuses a URL of another scheme, one that holds a password, and one that names a private address.

    Raises:
        Fault: It is refused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Fault("its URL is not valid", FINAL) from None
    if parts.scheme not in SCHEMES or not host:
        raise Fault(f"its URL is refused: only {' and '.join(SCHEMES)} are read", FINAL)
    if parts.username is not None:
        raise Fault("its URL is refused: it holds a user name or password", FINAL)
    if not allow_private:
        _check_host(host)


def pool_classes(*, allow_private: bool) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's connection pools by scheme, with the checks of this module."""
    own = {"allow_private": allow_private}
    http, https = (type(kind.__name__, (kind,), own) for kind in (_Connection, _SecureConnection))
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


class _Connection(HTTPConnection):
    """A connection that looks at whom it reached, and does not wait for ever for the head of an answer."""

    allow_private = False

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
        """The answer's head; a server that sends it in drops is cut off after twice the timeout."""
        seconds, line = self.timeout, self.sock
        if line is None or not isinstance(seconds, int | float):
            return super().getresponse()
        cut = Event()
        timer = Timer(2 * seconds, _cut, (line, cut))
        timer.daemon = True
        timer.start()
        try:
            answer = super().getresponse()
        finally:
            timer.cancel()
        if cut.is_set():  # what was cut off may look like the end of the head
            answer.close()
            raise TimeoutError
        return answer


class _SecureConnection(_Connection, HTTPSConnection):
    pass


def _cut(line: socket.socket, cut: Event) -> None:
    cut.set()
    with suppress(OSError):  # it may be closed by now
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # TLS's own way of it would disturb the thread that reads


def _check_host(host: str) -> None:
    """Refuses an address that is not public; a name stands for what it leads to, which is checked there."""
    try:
        address = ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        public = address.is_global and not address.is_multicast
    except ValueError:
        public = not f".{host}".endswith(".localhost")
    if not public:
        raise Fault(
            f"{host} is a private address; data.allow_private = true (of fetch: --allow-private) allows it", FINAL
        )
