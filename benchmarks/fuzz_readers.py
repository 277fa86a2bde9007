"""What `fuzz.py` attacks beside files: a stored experiment's folder, and the client that downloads photos."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import BakeoffError
from bakeoff.core.seals import SEAL
from bakeoff.data.http import Client, Fault, Options
from bakeoff.data.http import client as http_client
from bakeoff.data.http.connection import check_url
from bakeoff.data.sample import draw_sample
from bakeoff.training.predict import predict
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

QUICK = (
    *("data.train_per_class=8", "data.val_per_class=4", "data.size=16", "data.workers=1", "training.epochs=2"),
    *("training.networks=net1,net2", "training.executor=serial", "training.device=cpu"),
)
REFUSALS = (BakeoffError, Fault)
RESPONSES = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Type: image/jpeg\r\n\r\nhello photo!",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n photo!\r\n0\r\n\r\n",
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/12\r\nContent-Length: 4\r\n\r\nhell",
    b"HTTP/1.1 302 Found\r\nLocation: /other.jpg\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://[::1]:99/x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Too Many\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08\x00hello",
)
URLS = (
    *(b"http://images.example/train2017/1.jpg", b"https://[::1]:8080/a?b#c", b"http://127.0.0.1%2f@x/", b"file:///a"),
    *(
        b"http://user:word@x.example/",
        b"http://0x7f000001/",
        b"ftp://x/y",
        b"http://localhost./",
        b"http://[::ffff:0]/",
    ),
)


@contextmanager
def folder_reader(home: Path) -> Iterator[tuple[list[bytes], Callable[[bytes], None]]]:
    """The files of a stored experiment without seals, each behind its name, and what reads a changed one."""
    draw_sample(home / "sample", images=160)
    paths = (f"data.annotations={home / 'sample' / 'instances.json'}", f"data.images={home / 'sample' / 'images'}")
    folder = home / "out"
    pipeline.run(load_experiment("demo", [*QUICK, *paths]), folder)
    for path in folder.rglob(SEAL):
        path.unlink()
    shutil.rmtree(folder / "report")
    photo = next((home / "sample" / "images").iterdir())
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".jpg"]

    def read_folder(raw: bytes) -> None:
        path, content = kept[raw[0] % len(kept)], raw[1:]
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            _use(folder, photo)
        finally:
            path.write_bytes(before)

    yield [bytes([number]) + path.read_bytes() for number, path in enumerate(kept)], read_folder


def _use(folder: Path, photo: Path) -> None:
    """Everything that reads a folder from somewhere else, each on its own; raises the last refusal."""
    refusal: BakeoffError | None = None
    for command in (
        lambda: predict(folder / "runs" / "net1-seed0", [photo], "cpu"),
        lambda: pipeline.score(Experiment(folder)),
        lambda: (Experiment(folder).comparison, Experiment(folder).findings, Experiment(folder).verify()),
    ):
        try:
            command()
        except BakeoffError as error:
            refusal = error
    if refusal:
        raise refusal


def in_place(change: Callable[..., bytes]) -> Callable[..., bytes]:
    """A change that leaves the first byte, which tells the file."""
    return lambda raw, other, draws: raw[:1] + change(raw[1:], other[1:], draws)


@contextmanager
def client() -> Iterator[Callable[[bytes], None]]:
    """What asks for a URL that a server on loopback answers with these bytes, whatever it is asked for."""
    answer = b""

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # closed
            with suppress(OSError), connection:
                connection.settimeout(1)
                connection.recv(65536)
                connection.sendall(answer)

    def read_answer(raw: bytes) -> None:
        nonlocal answer
        answer = raw
        options = Options(connections=1, timeout=0.5, attempts=2, backoff=0.0, allow_private=True)
        with Client(options, 1000) as asking:
            asking.get(f"http://127.0.0.1:{port}/1.jpg")

    http_client.LONGEST_WAIT = 0  # seconds that a server may ask for
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield read_answer


def read_url(raw: bytes) -> None:
    """Checks a URL as an instances file may name it."""
    check_url(raw.decode(errors="surrogateescape"), allow_private=False)
