"""Requests over HTTP: redirects, proxies, retries, and when to give up.

Pools, attempts, back-off and Retry-After are urllib3's. By hand, as it does not offer them: waits that end when the
download is given up, redirects that are checked and keep their scheme, giving up on a server that fails for many files.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from threading import Lock
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import BaseHTTPResponse, exceptions

from bakeoff.core.errors import SourceError
from bakeoff.data.http.connection import check_url, pool_classes
from bakeoff.data.http.fault import Fault, WrongContent, explain
from bakeoff.data.http.rate_limiter import RateLimiter

REDIRECTS = 5
LONGEST_BACKOFF, LONGEST_WAIT = 30, 300
"""Seconds: between two attempts, and where a server asks to wait."""
FOR_THE_MOMENT = frozenset({408, 425, 429, *range(500, 600)})
UNREACHABLE = (exceptions.ConnectTimeoutError, exceptions.ProxyError, exceptions.SSLError)
"""What comes before a server can be asked; a refused connection is a kind of the first."""
FIRST_ATTEMPTS = 2
"""How often a server is tried that never answered: most often there is no network, or no such server."""
MOST_LOST, LOST_FRACTION = 20, 0.02
"""So many files, and such a fraction of all, given up one after the other: it is the server that fails, not a file."""


@dataclass(frozen=True)
class Options:
    """How servers are asked; none of it changes what is read.

    Attributes:
        connections: Requests at once.
        rate_limit: Requests per second at most; 0 means no limit.
        timeout: Seconds to wait for a connection, and for the next bytes of a response.
        allow_private: Whether addresses that are not public are asked: loopback, the local network.
        attempts: How often what fails for the moment is tried; four times as often where the server asks to wait, a
            third as often where what comes is not what was asked for, and `FIRST_ATTEMPTS` times where no server
            answered yet.
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
        verify: Raises `WrongContent` where a response's bytes are not what was asked for.
    """

    def __init__(self, options: Options, files: int = 1, verify: Callable[[bytes], None] = lambda _raw: None) -> None:
        self._options, self._limiter = options, RateLimiter(options.rate_limit)
        self._verify = verify
        self._retry = _Retry(
            total=None,
            read=options.attempts - 1,
            connect=options.attempts - 1,
            other=options.attempts - 1,  # TLS
            status=4 * options.attempts - 1,
            status_forcelist=FOR_THE_MOMENT,
            raise_on_status=False,
            backoff_factor=options.backoff,
            backoff_max=LONGEST_BACKOFF,
            backoff_jitter=options.backoff,
        )
        self._retry.limiter, self._retry.attempts = self._limiter, options.attempts
        few = min(FIRST_ATTEMPTS, options.attempts) - 1
        self._first_retry = self._retry.new(connect=few, other=few)
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
            if response.status in FOR_THE_MOMENT:
                raise exceptions.ResponseError(_refusal(response))
        except (exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            reason = error.reason if isinstance(error, exceptions.MaxRetryError) else None
            self._count_lost(url, reason or error, before)
            raise Fault(explain(error)) from None
        except Fault:
            self._count_answer()
            raise
        self._count_answer()
        if response.status not in (200, 206):
            raise Fault(_refusal(response))
        return response

    def _follow(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """The response at the end of the redirects; raises `Fault` where one is refused."""
        for _ in range(REDIRECTS + 1):
            check_url(url, allow_private=self._options.allow_private)
            response = self._ask(url, headers)
            location = response.get_redirect_location()
            if not location:
                return response
            url = _redirected(url, location)
        raise Fault(f"it is redirected more than {REDIRECTS} times")

    def _ask(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """A response; wrong content is asked for again, a third as often as what fails otherwise."""
        wrong = 0
        while True:
            self._limiter.wait()
            try:
                retries = self._retry if self._answers else self._first_retry
                return self._pool(_proxy(url)).urlopen(
                    "GET", url, False, headers=headers, retries=retries, preload_content=False, release_conn=True
                )
            except WrongContent:
                wrong += 1
                if 3 * wrong >= self._options.attempts:
                    raise

    def _count_answer(self) -> None:
        with self._lock:
            self._answers, self._lost = self._answers + 1, 0

    def _count_lost(self, url: str, reason: Exception, before: int) -> None:
        """Counts a file that can't be had.

        Raises:
            SourceError: Going on makes no sense: no server was there to be asked, nor gave it another file since there
                were `before` answers; or too many files in a row are lost.
        """
        unreachable = isinstance(reason, UNREACHABLE)
        with self._lock:
            self._lost += 1
            if (unreachable and self._answers == before) or self._lost >= self._most_lost:
                what = "can't be reached" if unreachable else "fails all the time"
                raise SourceError(
                    f"{urlsplit(url).netloc} {what} ({explain(reason)}). Check the network, the proxy variables and "
                    "the address; the same command goes on where this one stopped."
                )

    def _pool(self, proxy: str) -> urllib3.PoolManager:
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = pool = _new_pool(proxy)
                timeout = urllib3.Timeout(connect=self._options.timeout, read=self._options.timeout)
                pool.connection_pool_kw |= {"maxsize": self._options.connections, "timeout": timeout}
                pool.pool_classes_by_scheme = pool_classes(
                    allow_private=self._options.allow_private,
                    timeout=self._options.timeout,
                    verify=self._verify,
                    limiter=self._limiter,
                )
            return self._pools[proxy]


class _Retry(urllib3.Retry):
    """Waits that end when the download is given up; fewer attempts where the server does not ask to wait."""

    limiter: RateLimiter
    attempts: int

    def new(self, **values: object) -> "_Retry":
        made = super().new(**values)
        made.limiter, made.attempts = self.limiter, self.attempts
        return made

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        patient = status_code == 429 or has_retry_after or len(self.history) < self.attempts - 1
        return patient and super().is_retry(method, status_code, has_retry_after)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = None
        if response:
            with suppress(exceptions.InvalidHeader, ValueError, OverflowError):
                asked = self.get_retry_after(response)
        if asked:
            self.limiter.delay(min(asked, LONGEST_WAIT))
        else:
            self.limiter.sleep(self.get_backoff_time())
        self.limiter.wait()


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
