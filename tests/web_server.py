"""A web server on loopback that serves what it is given, and misbehaves as it is told."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

HTML = b"<html><body>Please log in.</body></html>"
STALL = 30
"""Seconds, unless the server is closed before."""

Behave = Callable[[str, int], str]


class WebServer(ThreadingHTTPServer):
    """Serves files.

    Attributes:
        files: By path, such as "/train2017/1.jpg".
        behave: Given a path and how often it has been asked for (from 1), what the answer is: see `Handler.do_GET`.
        ranges: Whether it sends parts of files.
        asked: How often each path was asked for.
        times: When, in seconds.
        lines: What the requests' first lines named, which at a proxy is a whole URL.
        heads: Their header lines.
        sent: Bytes of files.
        most: Most requests that were answered at once.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, files: Mapping[str, bytes], behave: Behave = lambda path, count: "", ranges: bool = True
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.behave, self.ranges = dict(files), behave, ranges
        self.asked: Counter[str] = Counter()
        self.times: list[float] = []
        self.lines: list[str] = []
        self.heads: list[Mapping[str, str]] = []
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.now = self.most = self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may hang up."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: WebServer

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server, path = self.server, unquote(urlsplit(self.path).path, errors="surrogatepass")
        with server.lock:
            server.asked[path] += 1
            server.times.append(time.monotonic())
            server.lines.append(self.path)
            server.heads.append(self.headers)
            server.now += 1
            server.most = max(server.most, server.now)
            count = server.asked[path]
        try:
            what, _, value = server.behave(path, count).partition(" ")
            if path not in server.files:
                what = what or "404"
            raw = self.part(server.files.get(path, b""))
            getattr(self, f"answer_{what}", self.answer_status)(raw, what, value)
        finally:
            with server.lock:
                server.now -= 1

    def part(self, raw: bytes) -> bytes:
        """What is asked for: a part where a range is named."""
        self.status, self.extra = 200, {}
        asked = self.headers.get("Range") if self.server.ranges else None
        if not asked:
            return raw
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(raw) - 1), len(raw) - 1)
        self.status, self.extra = 206, {"Content_Range": f"bytes {start}-{end}/{len(raw)}"}
        return raw[start : end + 1]

    def head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, raw: bytes, claimed: int) -> None:
        with self.server.lock:
            self.server.sent += len(raw)
        self.head(self.status, claimed, **self.extra)
        self.wfile.write(raw)

    def hang_up(self) -> None:
        self.close_connection = True

    def answer_(self, raw: bytes, what: str, value: str) -> None:
        """As it should be."""
        self.send(raw, len(raw))

    def answer_status(self, raw: bytes, what: str, value: str) -> None:
        """`404`, `500`; `429 1` with Retry-After."""
        self.head(int(what), 0, **({"Retry_After": value} if value else {}))

    def answer_redirect(self, raw: bytes, what: str, value: str) -> None:
        self.head(302, 0, Location=value)

    def answer_html(self, raw: bytes, what: str, value: str) -> None:
        self.status, self.extra = 200, {}
        self.send(HTML, len(HTML))

    def answer_cut(self, raw: bytes, what: str, value: str) -> None:
        """Half of it, then hangs up."""
        self.send(raw[: len(raw) // 2], len(raw))
        self.hang_up()

    def answer_reset(self, raw: bytes, what: str, value: str) -> None:
        self.hang_up()

    def answer_stall(self, raw: bytes, what: str, value: str) -> None:
        """Half of it, then nothing."""
        self.send(raw[: len(raw) // 2], len(raw))
        self.server.closing.wait(STALL)
        self.hang_up()

    def answer_silence(self, raw: bytes, what: str, value: str) -> None:
        self.server.closing.wait(STALL)
        self.hang_up()

    def answer_long(self, raw: bytes, what: str, value: str) -> None:
        """Claims more than it sends."""
        self.send(raw, len(raw) + 1000)
        self.hang_up()

    def answer_short(self, raw: bytes, what: str, value: str) -> None:
        """Claims less than it sends."""
        self.send(raw, len(raw) // 2)

    def answer_slow(self, raw: bytes, what: str, value: str) -> None:
        """1 KB a second."""
        self.send(b"", len(raw))
        self._drip(raw, 64, 0.064)

    def answer_drip(self, raw: bytes, what: str, value: str) -> None:
        """The head in drops, without an end."""
        self._drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000, 1, 0.05)

    def answer_late(self, raw: bytes, what: str, value: str) -> None:
        """As it should be, after so many seconds."""
        self.server.closing.wait(float(value))
        self.answer_(raw, what, value)

    def answer_chunked(self, raw: bytes, what: str, value: str) -> None:
        """Without a Content-Length; with a value, without its end."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n" + (b"" if value else b"0\r\n\r\n"))
        if value:
            self.hang_up()

    def _drip(self, raw: bytes, size: int, pause: float) -> None:
        for start in range(0, len(raw), size):
            self.wfile.write(raw[start : start + size])
            if self.server.closing.wait(pause):
                break
        self.hang_up()


@contextmanager
def serve(
    files: Mapping[str, bytes], behave: Behave = lambda path, count: "", *, ranges: bool = True
) -> Iterator[WebServer]:
    """Runs a server as long as the block lasts."""
    with WebServer(files, behave, ranges) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def published(instances: Path, copy: Path, server: WebServer) -> Path:
    """Copies an instances file; in the copy each image has its URL at this server, under COCO's own path."""
    document = json.loads(instances.read_text())
    for image in document["images"]:
        image["coco_url"] = f"{server.url}/train2017/{Path(image['file_name']).name}"
    copy.write_text(json.dumps(document))
    return copy
