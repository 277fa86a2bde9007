"""Large files on servers: read in part, and downloaded from where the last attempt left off."""

import io
import os
import re
from collections.abc import Callable
from typing import IO

from bakeoff.data.http.client import Client
from bakeoff.data.http.fault import FINAL, Fault

LARGEST_DOWNLOAD = 2**36
"""Bytes; a server that never ends must not fill the disk."""

Progress = Callable[[int, int], None]


class RemoteFile(io.RawIOBase):
    """A file on a server that sends parts of files, as a file object; what was downloaded of it is read from there.

    Attributes:
        length: Its bytes.
    """

    def __init__(self, client: Client, url: str, length: int) -> None:
        super().__init__()
        self.length = length
        self._client, self._url, self._position = client, url, 0
        self._stretch = range(0)
        self._stored: IO[bytes] | None = None

    def use(self, stretch: range, stored: IO[bytes]) -> None:
        """Takes what was downloaded of it: these bytes of it, in this file."""
        self._stretch, self._stored = stretch, stored

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a byte."""
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.length}[whence]
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Reads what fits into a buffer.

        Raises:
            Fault: The server does not send it.
        """
        wanted = range(self._position, min(self._position + len(buffer), self.length))
        if not wanted:
            return 0
        if self._stored and wanted.start in self._stretch:
            self._stored.seek(wanted.start - self._stretch.start)
            raw = self._stored.read(min(wanted.stop, self._stretch.stop) - wanted.start)
        else:
            target = io.BytesIO()
            download(self._client, self._url, target, wanted)
            raw = target.getvalue()
        buffer[: len(raw)] = raw
        self._position += len(raw)
        return len(raw)


def length_of(client: Client, url: str) -> int | None:
    """The length of a file in bytes; null where the server sends whole files only.

    Raises:
        Fault: There is no such file.
        SourceError: The server can't be reached, or fails all the time.
    """

    def ask() -> int | None:
        with client.get(url, {"Range": "bytes=0-0"}) as answer:
            found = re.fullmatch(r"bytes 0-0/(\d{1,15})", answer.headers.get("Content-Range", ""))
            return int(found[1]) if answer.status == 206 and found else None

    return client.retry(url, ask)


def download(
    client: Client, url: str, target: IO[bytes], stretch: range | None, progress: Progress = lambda done, total: None
) -> None:
    """Appends to a file what it lacks of a file on a server.

    Args:
        client: Asks the server.
        url: The file there.
        target: Holds the first bytes of it, or nothing.
        stretch: Which bytes of the file are wanted; null means all of them from a server that sends whole files only.
        progress: Told how many bytes are there, of how many.

    Raises:
        Fault: The server does not send them.
        SourceError: It can't be reached, or fails all the time.
    """
    append = _append_all if stretch is None else _append
    while True:
        before = target.seek(0, os.SEEK_END)
        if stretch is not None and before >= len(stretch):
            target.truncate(len(stretch))
            return
        try:
            client.retry(url, lambda: append(client, url, target, stretch or range(0), progress))
            return
        except Fault as fault:
            if stretch is None or fault.cost == FINAL or target.seek(0, os.SEEK_END) == before:
                raise


def _append(client: Client, url: str, target: IO[bytes], stretch: range, progress: Progress) -> None:
    done = target.seek(0, os.SEEK_END)
    first = stretch.start + done
    with client.get(url, {"Range": f"bytes={first}-{stretch.stop - 1}"}) as answer:
        if answer.status != 206 or not answer.headers.get("Content-Range", "").startswith(f"bytes {first}-"):
            raise Fault("the server sends other bytes than it was asked for", FINAL)
        for piece in answer.pieces:
            done += target.write(piece[: len(stretch) - done])
            progress(done, len(stretch))
    if done < len(stretch):
        raise Fault("cut off")


def _append_all(client: Client, url: str, target: IO[bytes], _stretch: range, progress: Progress) -> None:
    target.truncate(0)
    with client.get(url) as answer:
        claimed = answer.headers.get("Content-Length", "")
        length = int(claimed) if re.fullmatch(r"\d{1,15}", claimed) else 0
        done = target.seek(0)
        for piece in answer.pieces:
            done += target.write(piece)
            if done > LARGEST_DOWNLOAD:
                raise Fault(f"more than {LARGEST_DOWNLOAD:,} bytes", FINAL)
            progress(done, max(length, done))
