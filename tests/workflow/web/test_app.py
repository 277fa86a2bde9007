"""The served page and `POST /predict`, by a real server on loopback."""

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from bakeoff.core.types import Images
from bakeoff.data.build import decode

uvicorn = pytest.importorskip("uvicorn", reason="bakeoff[serve] is not installed")
pytest.importorskip("starlette", reason="bakeoff[serve] is not installed")
from bakeoff.workflow.web import app as web  # noqa: E402  # it needs them
from bakeoff.workflow.web import server  # noqa: E402

BYTES = {"Content-Type": "application/octet-stream"}


class Brightness:
    """Says how bright a photo is."""

    classes, batch, task = ("dark", "<b>bright</b>"), 1, "multiclass"
    seconds, running, most = 0.0, 0, 0

    def read(self, raw: bytes) -> Images:
        return decode(raw)

    def classify(self, images: Sequence[Images]) -> np.ndarray:
        self.running += 1
        self.most = max(self.most, self.running)
        time.sleep(self.seconds)
        self.running -= 1
        share = images[0].mean() / 255
        return np.array([[1 - share, share]], dtype=np.float32)


def photo(level: int) -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", (8, 8), (level,) * 3).save(raw, "PNG")
    return raw.getvalue()


@pytest.fixture
def classifier() -> Brightness:
    return Brightness()


@pytest.fixture
def port(classifier: Brightness) -> Iterator[int]:
    """Of a server that runs until the test ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        web.make_app(classifier, "net<1>", "photos.example"),
        lifespan="off",
        log_level="error",
        limit_concurrency=server.CONNECTIONS,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    running.should_exit = True
    thread.join()
    listening.close()


def ask(
    port: int, method: str = "POST", path: str = "/predict", body: bytes = b"", headers: dict[str, str] = BYTES
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_a_photo_is_classified(port: int) -> None:
    status, headers, raw = ask(port, body=photo(51))
    assert status == 200
    assert headers["content-type"] == "application/json"
    answer = json.loads(raw)
    assert answer["predicted"] == "dark"
    assert answer["probabilities"] == pytest.approx({"dark": 0.8, "<b>bright</b>": 0.2}, abs=1e-6)
    assert answer["probability"] == answer["probabilities"]["dark"]


def test_names_are_text_in_a_browser(port: int, classifier: Brightness, browser: Browser) -> None:
    names = ("<img src=x onerror=alert(1)>", "\x1b[31m\u202e__proto__ {{ 7 * 7 }}")
    classifier.classes = names
    problems: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("#photo").set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": photo(51)})
    expect(page.locator("#predicted")).to_have_text(f"{names[0]}, 80.0 %")
    assert page.locator("#classes th").all_text_contents() == list(names)
    assert page.locator("#answer img").count() == 1
    page.close()
    assert problems == []


def test_the_page_names_the_model_as_text_and_every_answer_is_hardened(port: int) -> None:
    for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        status, headers, raw = ask(port, "GET", path)
        assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert b"net<1>" not in raw
    assert b"net&lt;1&gt;" in ask(port, "GET", "/")[2]
    assert ask(port, "GET", "/../app.py")[0] == ask(port, "GET", "/docs")[0] == 404
    assert ask(port, "GET", "/predict")[0] == 405


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "192.168.0.7", "photos.example"])
def test_own_names_and_addresses_are_answered(port: int, host: str) -> None:
    own = f"{host}:{port}"
    assert ask(port, body=photo(0), headers={**BYTES, "Host": own, "Origin": f"http://{own}"})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example@127.0.0.1.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
    ],
)
def test_what_another_site_asks_for_is_refused(port: int, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/predict"), ("GET", "/")):
        status, answered, raw = ask(port, method, path, headers={**BYTES, **headers})
        assert (status, json.loads(raw)) == (403, {"error": "another site asks"})
        assert "access-control-allow-origin" not in answered


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_what_a_page_may_send_without_asking_is_refused(port: int, kind: str) -> None:
    assert ask(port, body=photo(0), headers={"Content-Type": kind})[0] == 415


@pytest.mark.parametrize("raw", [b"", b"x" * 1000, photo(0)[:-30], b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_photo_is_one_sentence(port: int, raw: bytes) -> None:
    status, _, answer = ask(port, body=raw)
    assert status == 422
    assert [*json.loads(answer)] == ["error"]
    assert b"Traceback" not in answer


def test_an_upload_that_is_too_large_is_refused_stated_or_not(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST_UPLOAD", 2**20)
    for headers in (BYTES, {**BYTES, "Transfer-Encoding": "chunked"}):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = iter([b"x" * 2**16] * 17) if "Transfer-Encoding" in headers else b"x" * (2**20 + 1)
        connection.request("POST", "/predict", body, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]) == (413, "the photo has more than 1 MiB")
        connection.close()


def test_a_photo_that_does_not_arrive_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        head = (
            f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n"
        )
        slow.sendall(head.encode() + b"x")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")
    assert ask(port, body=photo(0))[0] == 200


def test_a_client_that_leaves_does_no_harm(port: int) -> None:
    for _ in range(2 * web.AT_ONCE):
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\n".encode())
            gone.sendall(b"Content-Length: 900\r\n\r\nx")
    assert ask(port, body=photo(0))[0] == 200


def test_under_load_every_photo_gets_its_own_answer_or_a_clear_refusal(port: int, classifier: Brightness) -> None:
    classifier.seconds = 0.002
    levels = [number % 256 for number in range(400)]
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda level: ask(port, body=photo(level)), levels))
    assert {status for status, _, _ in answers} == {200}
    for level, (_, _, raw) in zip(levels, answers, strict=True):
        assert json.loads(raw)["probabilities"]["<b>bright</b>"] == pytest.approx(level / 255, abs=1e-6)
    assert classifier.most == 1, "one after the other"


def test_where_too_many_wait_the_rest_is_told_to_come_again(
    port: int, classifier: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "SECONDS", 0.5)
    classifier.seconds = 0.4
    with ThreadPoolExecutor(3 * web.AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ask(port, body=photo(0))[::2], range(3 * web.AT_ONCE)))
    assert {status for status, _ in answers} == {200, 503}
    assert all("too many photos at once" in json.loads(raw)["error"] for status, raw in answers if status == 503)
    classifier.seconds = 0.0
    assert ask(port, body=photo(0))[0] == 200
