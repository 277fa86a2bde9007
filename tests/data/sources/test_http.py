"""Photos from web servers that misbehave: what is tried again, what is refused, what is kept."""

import io
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from PIL import Image
from source_samples import QUICK
from tests.web_server import Behave, WebServer, serve

from bakeoff.core.atomic import lock
from bakeoff.core.errors import ImageError, SourceError, StorageError
from bakeoff.data.build import decode
from bakeoff.data.http import Client, Options
from bakeoff.data.source import Downloads, Source, open_source
from bakeoff.data.sources.http import cached

QUICK_PUBLIC = Options(timeout=0.5, attempts=4, backoff=0.01)
Open = Callable[..., Source]


def photo(number: int) -> bytes:
    """A JPEG file of about 5 KB."""
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80 + number).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


PHOTOS = {f"{number}.jpg": photo(number) for number in range(12)}
SERVED = {f"/train2017/{name}": raw for name, raw in PHOTOS.items()}


@pytest.fixture
def open_url(tmp_path: Path) -> Open:
    """Opens a source of photos that are decoded, with a cache of the test's own."""

    def opened(images: str, options: Options = QUICK, **own: object) -> Source:
        return open_source(images, Downloads(tmp_path / "cache", decode, options, **own))

    return opened


def urls_of(server: WebServer) -> dict[str, str | None]:
    return {name: f"{server.url}/train2017/{name}" for name in PHOTOS}


def first(what: str, times: int = 1) -> Behave:
    """Misbehaves at the first requests for each photo."""
    return lambda _path, count: what if count <= times else ""


def replaced(options: Options, **values: object) -> Options:
    return Options(**{**vars(options), **values})


FAULTS = {
    "500": "the server answers 500",
    "429 0": "the server answers 429",
    "503 0": "the server answers 503",
    "cut": "cut off",
    "reset": "Remote end closed connection without response",
    "stall": "no answer in time",
    "silence": "no answer in time",
    "long": "cut off",
    "short": "what the server sends is no photo: the image can't be decoded",
    "html": "what the server sends is no photo: the file is not a JPEG",
    "slow": "slower than 4096 bytes per second",
    "drip": "no answer in time",
    "chunked cut": "cut off",
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_fails_for_the_moment_is_tried_again(open_url: Open, what: str) -> None:
    waits = FAULTS[what].startswith(("no answer", "slower"))  # a short time, too short for a busy machine as well
    with serve(SERVED, first(what)) as server:
        ready = open_url("url", QUICK if waits else replaced(QUICK, timeout=20.0)).prepare(urls_of(server))
    assert {name: ready.read(name) for name in PHOTOS} == PHOTOS
    asked = set(server.asked.values())
    assert min(asked) == 2
    assert waits or max(asked) == 2


@pytest.mark.parametrize("what", FAULTS)
def test_a_photo_that_always_fails_is_one_error_and_the_others_are_there(open_url: Open, what: str) -> None:
    with serve(SERVED, lambda path, count: what if path == "/train2017/3.jpg" else "") as server:
        ready = open_url("url", replaced(QUICK, attempts=2)).prepare(urls_of(server))
    with pytest.raises(ImageError, match=FAULTS[what]):
        ready.read("3.jpg")
    assert all(ready.read(name) == raw for name, raw in PHOTOS.items() if name != "3.jpg")


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("404", "the server answers 404 Not Found"),
        ("redirect file:///etc/passwd", "redirected to another scheme, file:///etc/passwd, which is refused"),
        ("redirect ftp://example.org/a.jpg", "redirected to another scheme, ftp:"),
        ("redirect https://127.0.0.1/a.jpg", "redirected to another scheme, https:"),
        ("redirect http://user:word@127.0.0.1/a.jpg", "it holds a user name or password"),
        ("redirect //[", "is not valid|Invalid"),
        ("redirect 3.jpg", "redirected more than 5 times"),
    ],
)
def test_what_will_not_change_is_not_tried_again(open_url: Open, what: str, reason: str) -> None:
    with serve(SERVED, lambda path, count: what if path == "/train2017/3.jpg" else "") as server:
        ready = open_url(f"{server.url}/train2017/").prepare(dict.fromkeys(PHOTOS))
    with pytest.raises(ImageError, match=reason):
        ready.read("3.jpg")
    assert server.asked["/train2017/3.jpg"] == (6 if what.endswith("3.jpg") else 1)


def test_redirects_on_one_server_are_followed(open_url: Open) -> None:
    with serve(SERVED, lambda path, count: "" if path in SERVED else f"redirect /train2017/{path[-5:]}") as server:
        assert open_url(f"{server.url}/old").read("3.jpg") == PHOTOS["3.jpg"]


@pytest.mark.parametrize("what", ["", "chunked", "redirect http://{}/train2017/3.jpg"])
def test_private_addresses_are_asked_only_where_they_are_allowed(
    open_url: Open, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public, but it leads to loopback; so does what it is redirected to."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest: real(host.replace("photos.example", "127.0.0.1"), *rest)
    )
    with serve(SERVED) as server:
        address = f"photos.example:{server.server_port}"
        server.behave = lambda path, count: what.format(address) if path.endswith("a.jpg") else ""
        server.files["/train2017/a.jpg"] = PHOTOS["3.jpg"]
        url = f"http://{address}/train2017/a.jpg"
        with pytest.raises(ImageError, match=r"127\.0\.0\.1 is a private address; data\.allow_private = true"):
            open_url("url", QUICK_PUBLIC).prepare({"a.jpg": url}).read("a.jpg")
        assert not server.asked, "nothing is sent to it"
        assert open_url("url").prepare({"a.jpg": url}).read("a.jpg") == PHOTOS["3.jpg"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/a.jpg", "http://10.1.2.3/a.jpg", "http://[::1]/a.jpg", "http://[::ffff:192.168.0.1]/a.jpg"),
        *(
            "http://localhost/a.jpg",
            "http://169.254.169.254/latest",
            "http://0.0.0.0/",
            "https://[fe80::1%25eth0]/a.jpg",
        ),
        *(
            "file:///etc/passwd",
            "ftp://example.org/a.jpg",
            "http:///a.jpg",
            "http://[/a.jpg",
            "http://a:b@example.org/",
            "x",
        ),
    ],
)
def test_a_url_that_is_refused(open_url: Open, url: str) -> None:
    with pytest.raises(ImageError, match=r"private address|refused|not valid"):
        open_url("url", QUICK_PUBLIC).prepare({"a.jpg": url}).read("a.jpg")
    if "://" in url:
        with pytest.raises(SourceError, match=r"^--images .*(private address|refused|not valid)"):
            open_url(url, QUICK_PUBLIC)


def test_an_image_without_a_url_is_an_error_of_the_photo(open_url: Open) -> None:
    with pytest.raises(ImageError, match="no coco_url"):
        open_url("url").read("a.jpg")


@pytest.mark.parametrize("what", ["429 1", "503 1"])
def test_retry_after_is_honoured(open_url: Open, what: str) -> None:
    with serve(SERVED, first(what)) as server:
        open_url("url", replaced(QUICK, attempts=1)).prepare({"1.jpg": f"{server.url}/train2017/1.jpg"}).read("1.jpg")
    assert server.times[1] - server.times[0] >= 0.99


def test_a_limit_of_requests_a_second_is_kept(open_url: Open) -> None:
    with serve(SERVED) as server:
        begun = time.monotonic()  # not when the first arrives: on a busy machine that may be late
        open_url("url", replaced(QUICK, rate_limit=40.0)).prepare(urls_of(server))
    assert max(server.times) - begun >= (len(PHOTOS) - 1) / 40


@pytest.mark.parametrize("connections", [1, 4])
def test_so_many_requests_are_made_at_once(open_url: Open, connections: int) -> None:
    with serve(SERVED, lambda path, count: "late 0.1") as server:
        open_url("url", replaced(QUICK, connections=connections)).prepare(urls_of(server))
    assert server.most == connections


def test_a_server_that_can_not_be_reached_is_one_error(open_url: Open) -> None:
    with socket.socket() as taken:  # a port on which nobody listens
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SourceError, match=r"^127\.0\.0\.1:\d+ can't be reached \(.*Connection refused\). Check"):
            open_url(base).prepare(dict.fromkeys(PHOTOS))


def test_a_server_that_never_answered_is_tried_twice_others_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def refuse(*address: object, **_options: object) -> None:
        tried.append(address)
        raise OSError

    with serve(SERVED) as server, Client(replaced(Options(), allow_private=True, backoff=0)) as client:
        for answered, attempts in ((False, 2), (True, 8)):
            with monkeypatch.context() as patch:
                patch.setattr("urllib3.util.connection.create_connection", refuse)
                with pytest.raises(SourceError, match="can't be reached"):
                    client.get("http://127.0.0.1:9/" if answered else f"{server.url}/1.jpg")
            assert len(tried) == attempts
            tried.clear()
            assert client.get(f"{server.url}/train2017/1.jpg").status == 200


@pytest.mark.parametrize("what", ["500", "html", "reset"])
def test_a_server_that_fails_all_the_time_is_one_error(open_url: Open, what: str) -> None:
    names = [f"{number}.jpg" for number in range(200)]
    with serve(dict.fromkeys([f"/{name}" for name in names], b"x"), lambda path, count: what) as server:
        with pytest.raises(SourceError, match=r"^127\.0\.0\.1:\d+ fails all the time \(.+\). Check the network"):
            open_url(server.url, replaced(QUICK, attempts=2)).prepare(dict.fromkeys(names))
        assert sum(server.asked.values()) < 100


def test_photos_that_always_fail_among_many_that_are_there_do_not_stop_a_repeated_download(open_url: Open) -> None:
    """Only those are asked for again, and all of them fail."""
    files = {f"/{number}.jpg": PHOTOS["1.jpg"] for number in range(1200)}
    names = [path[1:] for path in files]
    with serve(files, lambda path, count: "html" if len(path) == len("/99.jpg") else "") as server:
        for _ in range(2):
            ready = open_url(server.url, replaced(QUICK, attempts=1)).prepare(dict.fromkeys(names[66:]))
            with pytest.raises(ImageError, match="no photo"):
                ready.read("99.jpg")
    assert server.asked["/1199.jpg"] == 1


def test_a_server_that_speaks_no_tls_can_not_be_reached_by_it(open_url: Open) -> None:
    with serve(SERVED) as server, pytest.raises(SourceError, match=r"can't be reached \(.*SSL"):
        open_url(server.url.replace("http", "https")).prepare(dict.fromkeys(PHOTOS))


def test_a_date_to_wait_for_is_honoured(open_url: Open) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with serve(SERVED, first(f"429 {date}")) as server:
        open_url("url").prepare({"1.jpg": f"{server.url}/train2017/1.jpg"}).read("1.jpg")
    assert server.times[1] - server.times[0] > 0.5


def test_photos_that_are_not_there_are_no_failure_of_the_server(open_url: Open) -> None:
    names = [f"{number}.jpg" for number in range(50)]
    with serve({}) as server:
        ready = open_url(server.url).prepare(dict.fromkeys(names))
    with pytest.raises(ImageError, match="404"):
        ready.read("49.jpg")


def test_what_was_downloaded_is_not_asked_for_again(open_url: Open) -> None:
    told: list[tuple[int, int]] = []
    with serve(SERVED, first("404")) as server:
        source = open_url("url", monitor=lambda _title: lambda done, total: told.append((done, total)))
        some = dict(list(urls_of(server).items())[:4])
        source.prepare(some)
        source.prepare(some)
        source.prepare(urls_of(server))
        assert set(server.asked.values()) == {1, 2}
    assert told[0] == (0, 4)
    assert (4, 4) in told
    assert told[-1] == (20, 20)


def test_a_photo_that_stalls_does_not_stop_the_others(open_url: Open) -> None:
    """All lie in one folder of the cache, and the server answers the one that stalls only when it had all others."""
    names = [f"{number}.jpg" for number in range(4000)]
    with serve({}) as server:
        addresses = {name: f"{server.url}/{name}" for name in names}
        shard = cached(Path(), addresses["0.jpg"]).parent
        together = [name for name in names if cached(Path(), addresses[name]).parent == shard]
        assert len(together) > 4
        server.files = {f"/{name}": PHOTOS["1.jpg"] for name in together}
        had: list[int] = []

        def behave(path: str, count: int) -> str:
            if path != "/0.jpg":
                return ""
            end = time.monotonic() + 20
            while len(server.asked) < len(together) and time.monotonic() < end:
                time.sleep(0.01)
            had.append(len(server.asked))
            return ""

        server.behave = behave
        patient = replaced(QUICK, connections=2, timeout=30.0)
        ready = open_url("url", patient).prepare({name: addresses[name] for name in together})
    assert had == [len(together)]
    assert all(ready.read(name) == PHOTOS["1.jpg"] for name in together)


def test_another_process_that_hangs_with_a_photo_is_not_waited_for_longer_than_the_timeout(
    open_url: Open, tmp_path: Path
) -> None:
    with serve(SERVED) as server:
        urls = {"1.jpg": urls_of(server)["1.jpg"]}
        path = cached(tmp_path / "cache", str(urls["1.jpg"]))
        path.parent.mkdir(parents=True)
        with lock(path) as held:
            assert held
            assert open_url("url").prepare(urls).read("1.jpg") == PHOTOS["1.jpg"]


def test_two_that_download_at_once_share_the_work(open_url: Open) -> None:
    with serve(SERVED, lambda path, count: "late 0.02") as server:
        threads = [threading.Thread(target=open_url("url").prepare, args=(urls_of(server),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(server.asked.values()) == {1}


def test_what_killed_processes_left_is_removed_and_an_empty_file_is_none(open_url: Open, tmp_path: Path) -> None:
    with serve(SERVED) as server:
        urls = {"1.jpg": urls_of(server)["1.jpg"]}
        open_url("url").prepare(urls)
        (stored,) = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        stored.write_bytes(b"")
        stored.with_name(f".{stored.name}.partial-123").write_bytes(b"x")
        assert open_url("url").prepare(urls).read("1.jpg") == PHOTOS["1.jpg"]
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [stored]


def test_a_cache_that_can_not_be_written_is_one_error(open_url: Open, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with serve(SERVED) as server, pytest.raises(StorageError, match=r"can't write .*cache"):
        open_url("url").prepare(urls_of(server))


def test_the_proxy_variables_are_honoured(open_url: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(SERVED) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//us%40er:word@"))
        base = "http://photos.example/train2017"
        assert open_url(base, QUICK_PUBLIC).read("1.jpg") == PHOTOS["1.jpg"]
        assert proxy.lines == [f"{base}/1.jpg"]
        assert proxy.heads[0]["Proxy-Authorization"].startswith("Basic ")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert open_url(proxy.url + "/train2017").read("2.jpg") == PHOTOS["2.jpg"]
        assert proxy.lines[-1] == "/train2017/2.jpg"
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(SourceError, match="the proxy of HTTP_PROXY or HTTPS_PROXY can't be used"):
        open_url(base, QUICK_PUBLIC).read("3.jpg")


def test_an_interrupted_download_ends_soon_and_keeps_what_it_has(open_url: Open) -> None:
    class Interrupted(Exception):
        pass

    def report(done: int, total: int) -> None:
        if done == 3:
            raise Interrupted

    with serve(SERVED, lambda path, count: "late 0.05") as server:
        begin = time.monotonic()
        with pytest.raises(Interrupted):
            open_url("url", replaced(QUICK, connections=2), monitor=lambda _title: report).prepare(urls_of(server))
        assert time.monotonic() - begin < 10
        assert sum(server.asked.values()) < len(PHOTOS)
        open_url("url").prepare(urls_of(server))
        assert len(server.times) <= len(PHOTOS) + 2
