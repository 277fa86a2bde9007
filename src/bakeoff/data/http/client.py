"""Requests over HTTP: redirects and proxies, retries, answers that stall, crawl or end too early."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from threading import Lock
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError

from bakeoff.core.errors import SourceError
from bakeoff.data.http.fault import ASKED_TO_WAIT, FINAL, NO_CONNECTION, Fault, explain
from bakeoff.data.http.options import Options
from bakeoff.data.http.rate_limiter import Pace
from bakeoff.data.http.ssrf import check_url, pool_classes

PIECE = 2**18
SLOWEST = 4096
"""Bytes a second; an answer that comes more slowly over a whole `Options.timeout` is given up."""
REDIRECTS = 5
FOR_THE_MOMENT = frozenset({408, 425, 429, *range(500, 600)})

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An answer of a server that is to be read.

    Attributes:
        status: 200, or 206 where a range was asked for.
        headers: Its header lines.
        pieces: Its bytes in turn; at its end all of the length that it claims were read.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]

    def read(self, limit: int) -> bytes:
        """All of its bytes.

        Raises:
            Fault: There are more than the limit, or they can't be read.
        """
        raw = bytearray()
        for piece in self.pieces:
            raw += piece
            if len(raw) > limit:
                raise Fault(f"more than {limit:,} bytes", FINAL)
        return bytes(raw)


class Client:
    """Asks servers; its methods may be called by several threads at once.

    Args:
        options: How they are asked.
        files: How many files are wanted, those that are there already too.

    Attributes:
        options: As given.
        pace: When they are asked.
    """

    def __init__(self, options: Options, files: int = 1) -> None:
        self.options = options
        self.pace = Pace(options, files)
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._lock = Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends what is under way, and closes the connections."""
        self.pace.stop()
        for pool in self._pools.values():
            pool.clear()

    def retry(self, url: str, action: Callable[[], T]) -> T:
        """Does what asks a server, again and again where it fails for the moment.

        Args:
            url: Whom it asks.
            action: What is done; it raises `Fault` where it fails.

        Raises:
            Fault: It failed for good, or too often.
            SourceError: The server can't be reached, or fails all the time.
        """
        spent, tries, before = 0.0, 0, self.pace.answers
        while True:
            self.pace.wait()
            try:
                done = action()
            except Fault as fault:
                spent, tries = spent + fault.cost, tries + 1
                if spent >= self.options.attempts:
                    self.pace.gave_up(fault, url, before)
                    raise
                self.pace.failed(fault, tries)
            else:
                self.pace.answered()
                return done

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Asks once.

        Args:
            url: What for.
            headers: Further lines of the request's head.

        Yields:
            The answer.

        Raises:
            Fault: There is none, or another than was asked for.
        """
        with _faults():
            response = self._follow(url, {"Accept-Encoding": "identity", **(headers or {})})
        with closing(response):  # keeps the connection where all was read
            yield Answer(response.status, response.headers, self._pieces(response))

    def _follow(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        for _ in range(REDIRECTS + 1):
            check_url(url, allow_private=self.options.allow_private)
            response = self._pool(_proxy(url)).request(
                "GET", url, headers=headers, redirect=False, retries=False, preload_content=False, decode_content=False
            )
            if response.status in (200, 206):
                return response
            status, location, wait = response.status, response.get_redirect_location(), _retry_after(response.headers)
            reason = response.reason or ""
            response.close()
            if not location:
                raise _refusal(status, reason, wait)
            url = _redirected(url, location)
        raise Fault(f"it is redirected more than {REDIRECTS} times", FINAL)

    def _pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        begin, received = time.monotonic(), 0
        while piece := self._piece(response):
            yield piece
            received += len(piece)
            seconds = time.monotonic() - begin
            if seconds > self.options.timeout:
                if received < SLOWEST * seconds:
                    raise Fault(f"slower than {SLOWEST} bytes a second")
                begin, received = time.monotonic(), 0

    def _piece(self, response: urllib3.BaseHTTPResponse) -> bytes:
        self.pace.check()
        with _faults():
            return response.read1(PIECE, decode_content=False)

    def _pool(self, proxy: str) -> urllib3.PoolManager:
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._make_pool(proxy)
            return self._pools[proxy]

    def _make_pool(self, proxy: str) -> urllib3.PoolManager:
        pool = _proxy_pool(proxy) if proxy else urllib3.PoolManager()
        pool.connection_pool_kw |= {
            "maxsize": self.options.connections,
            "timeout": urllib3.Timeout(connect=self.options.timeout, read=self.options.timeout),
        }
        pool.pool_classes_by_scheme = pool_classes(allow_private=self.options.allow_private)
        return pool


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise Fault(explain(error), connected=not isinstance(error, NO_CONNECTION)) from None


def _proxy(url: str) -> str:
    """The proxy that the environment names for a URL; empty where there is none."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(parts.netloc):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_pool(proxy: str) -> urllib3.PoolManager:
    try:
        login = urllib3.util.parse_url(proxy).auth
        return urllib3.ProxyManager(
            proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
        )
    except (HTTPError, ValueError) as error:
        raise SourceError(f"the proxy of HTTP_PROXY or HTTPS_PROXY can't be used: {explain(error)}.") from None


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        same = urlsplit(target).scheme == urlsplit(url).scheme
    except ValueError:
        raise Fault("it is redirected to a URL that is not valid", FINAL) from None
    if not same:
        raise Fault(f"it is redirected to another scheme, {target[:200]}, which is refused", FINAL)
    return target


def _refusal(status: int, reason: str, wait: float) -> Fault:
    message = f"the server answers {status} {reason}".rstrip()
    if status not in FOR_THE_MOMENT:
        return Fault(message, FINAL)
    busy = status == 429 or wait > 0
    return Fault(message, ASKED_TO_WAIT if busy else 1.0, wait=wait)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait for (RFC 9110, 10.2.3); 0 where it does not."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0
