"""Requests over HTTP: redirects, proxies, retries, and when to give up.

Pools, attempts, back-off and Retry-After are urllib3's. By hand, as it does not offer them: waits that end when the
download is given up, redirects that are checked and keep their scheme, giving up on a server that fails for many files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from threading import Lock
from types import TracebackType
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import BaseHTTPResponse, exceptions

from bakeoff.core.errors import SourceError
from bakeoff.core.untrusted import LARGEST_FILE
from bakeoff.data.http.connection import Limits, check_url, pool_classes
from bakeoff.data.http.fault import Fault, WrongContent, explain
from bakeoff.data.http.rate_limiter import RateLimiter

REDIRECTS = 5
LONGEST_BACKOFF, LONGEST_WAIT = 30, 300
"""Seconds: between two attempts, and where a server asks to wait."""
FOR_THE_MOMENT = frozenset({408, 425, 429, *range(500, 600)})
UNREACHABLE = (exceptions.ConnectTimeoutError, exceptions.ProxyError, exceptions.SSLError)
"""What comes before a server can be asked; a refused connection is a kind of the first."""
MOST_LOST, LOST_FRACTION = 20, 0.02
"""So many files, and such a fraction of all, given up one after the other: it is the server that fails, not a file."""


@dataclass(frozen=True)
class Options:
    """How servers are asked; none of it changes what is read.

    Attributes:
        connections: Requests at once.
        rate_limit: Requests a second at most; 0 means no limit.
        timeout: Seconds to wait for a connection, and for the next bytes of a response.
        allow_private: Whether addresses that are not public are asked: loopback, the local network.
        attempts: How often what fails for the moment is tried; four times as often where the server asks to wait, a
            third as often where what comes is not what was asked for.
        backoff: `urllib3.Retry`'s factor, in seconds: the second attempt is made at once, the third after twice this
            time, then after 4, 8, 16 times, up to `LONGEST_BACKOFF`.
    """

    connections: int = 16
    rate_limit: float = 0.0
    timeout: float = 20.0
    allow_private: bool = False
    attempts: int = 8
    backoff: float = 0.5


class Client:
    """Asks servers; its methods may be called by several threads at once.

    Args:
        options: How they are asked.
        files: How many files are wanted, those that are there already too.
        size: Bytes of a response at most.
        verify: Raises `WrongContent` where a response's bytes are not what was asked for.
    """

    def __init__(
        self,
        options: Options,
        files: int = 1,
        *,
        size: int = LARGEST_FILE,
        verify: Callable[[bytes], object] = lambda _raw: None,
    ) -> None:
        self._options, self._limiter = options, RateLimiter(options.rate_limit)
        self._limits = Limits(options.allow_private, options.timeout, size, verify, self._limiter)
        self._retry = _Retry(
            total=None,
            read=options.attempts - 1,
            connect=options.attempts - 1,
            other=options.attempts - 1,
            status=4 * options.attempts - 1,
            status_forcelist=FOR_THE_MOMENT,
            raise_on_status=False,
            backoff_factor=options.backoff,
            backoff_max=LONGEST_BACKOFF,
            backoff_jitter=options.backoff,
            retry_after_max=LONGEST_WAIT,
        )
        self._retry.limiter = self._limiter
        self._most_lost = MOST_LOST + LOST_FRACTION * files
        self._answers = self._lost = 0
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._lock = Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends what is under way in any thread, and closes the connections."""
        self._limiter.stop()
        for pool in self._pools.values():
            pool.clear()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> BaseHTTPResponse:
        """Asks for a URL, again and again where that fails for the moment.

        Returns:
            A response with all of its bytes, of status 200, or 206 where a byte range was asked for.

        Raises:
            Fault: It failed for good, or too often.
            SourceError: The server can't be reached, or fails all the time.
        """
        before = self._answers
        try:
            response = self._follow(url, {"Accept-Encoding": "identity", **(headers or {})})
        except (exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, exceptions.MaxRetryError) else error
            unreachable = isinstance(reason, UNREACHABLE)
            self._lose(explain(error), url, unreachable=unreachable, alone=unreachable and self._answers == before)
            raise Fault(explain(error)) from None
        if response.status in FOR_THE_MOMENT:
            self._lose(_refusal(response), url)
        else:
            self._answered()
        if response.status not in (200, 206):
            raise Fault(_refusal(response))
        return response

    def _follow(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """The response at the end of the redirects.

        Raises:
            Fault: A URL on the way is refused, or there are too many.
        """
        try:
            for _ in range(REDIRECTS + 1):
                check_url(url, allow_private=self._options.allow_private)
                self._limiter.wait()
                response = self._pool(_proxy(url)).urlopen(
                    "GET", url, False, headers=headers, retries=self._retry, preload_content=False, release_conn=True
                )
                location = response.get_redirect_location()
                if not location:
                    return response
                url = _redirected(url, location)
            raise Fault(f"it is redirected more than {REDIRECTS} times")
        except Fault:
            self._answered()
            raise

    def _answered(self) -> None:
        with self._lock:
            self._answers, self._lost = self._answers + 1, 0

    def _lose(self, reason: str, url: str, *, unreachable: bool = False, alone: bool = False) -> None:
        """Counts a file that can't be had.

        Args:
            reason: Why.
            url: The file's.
            unreachable: Whether no server was there to be asked.
            alone: Whether none of the other files could be had meanwhile, either.

        Raises:
            SourceError: Going on makes no sense.
        """
        with self._lock:
            self._lost += 1
            if alone or self._lost >= self._most_lost:
                what = "can't be reached" if unreachable else "fails all the time"
                raise SourceError(
                    f"{urlsplit(url).netloc} {what} ({reason}). Check the network, the proxy variables and the "
                    "address; the same command goes on where this one stopped."
                )

    def _pool(self, proxy: str) -> urllib3.PoolManager:
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = pool = _new_pool(proxy)
                timeout = urllib3.Timeout(connect=self._options.timeout, read=self._options.timeout)
                pool.connection_pool_kw |= {"maxsize": self._options.connections, "timeout": timeout}
                pool.pool_classes_by_scheme = pool_classes(self._limits)
            return self._pools[proxy]


class _Retry(urllib3.Retry):
    """Waits that end when the download is given up, and weights for the attempts.

    Of `status` an attempt counts one where the server asks to wait and four otherwise; of `read` three where what came
    is not what was asked for.
    """

    limiter: RateLimiter

    def new(self, **values: object) -> "_Retry":
        made = super().new(**values)
        made.limiter = self.limiter
        return made

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: urllib3.connectionpool.ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> "_Retry":
        weighted = self
        if isinstance(error, WrongContent):
            weighted = self.new(read=(self.read or 0) - 2)
        elif response and response.status != 429 and not self._asked(response):
            weighted = self.new(status=(self.status or 0) - 3)
        return super(_Retry, weighted).increment(method, url, response, error, _pool, _stacktrace)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        if response and (asked := self._asked(response)):
            self.limiter.delay(asked)
        else:
            self.limiter.sleep(self.get_backoff_time())
        self.limiter.wait()

    def _asked(self, response: BaseHTTPResponse) -> float:
        """Seconds that the server asks to wait (RFC 9110, 10.2.3); 0 where it does not."""
        try:
            return self.get_retry_after(response) or 0.0
        except (exceptions.InvalidHeader, ValueError, OverflowError):
            return 0.0


def _refusal(response: BaseHTTPResponse) -> str:
    return f"the server answers {response.status} {response.reason or ''}".rstrip()


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        same = urlsplit(target).scheme == urlsplit(url).scheme
    except ValueError:
        raise Fault("it is redirected to a URL that is not valid") from None
    if not same:
        raise Fault(f"it is redirected to another scheme, {target[:200]}, which is refused")
    return target


def _proxy(url: str) -> str:
    """The proxy that the environment names for a URL; empty where there is none."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(parts.netloc):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _new_pool(proxy: str) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager()
    try:
        login = urllib3.util.parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers)
    except (exceptions.HTTPError, ValueError) as error:
        raise SourceError(f"the proxy of HTTP_PROXY or HTTPS_PROXY can't be used: {explain(error)}.") from None
