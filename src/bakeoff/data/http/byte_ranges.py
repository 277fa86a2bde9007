"""Large files on servers, read in byte ranges.

By hand, since `remotezip` reads through `requests`, past the SSRF check, and does not resume.
"""

import io
import os
import re
from typing import IO

from bakeoff.core.progress import Progress
from bakeoff.data.http.client import Client
from bakeoff.data.http.fault import Fault

PIECE, SMALL_PIECE = 2**20, 2**16
"""Bytes a request; of a download that is stopped at most so many are lost. Small where the connection breaks often."""


class RemoteFile(io.RawIOBase):
    """A file on a server that sends byte ranges, as a file object.

    Args:
        client: Asks the server.
        url: The file there.
        length: Its bytes.
    """

    def __init__(self, client: Client, url: str, length: int) -> None:
        super().__init__()
        self._client, self._url, self._length, self._position = client, url, length, 0
        self._stored = range(0)
        self._file: IO[bytes] = io.BytesIO()

    def download(self, wanted: range, file: IO[bytes], progress: Progress) -> None:
        """Appends to a file what it lacks of a byte range, which is read from there from now on.

        Raises:
            Fault: The server does not send it.
            SourceError: The server can't be reached, or fails all the time.
        """
        piece = PIECE
        while (done := file.seek(0, os.SEEK_END)) < len(wanted):
            try:
                file.write(self._ask(wanted[done : done + piece]))
            except Fault:
                if piece == SMALL_PIECE:
                    raise
                piece = SMALL_PIECE
            progress(file.tell(), len(wanted))
        self._stored, self._file = wanted, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # as io documents it
        wanted = range(self._position, min(self._position + len(buffer), self._length))
        if wanted.start in self._stored:
            self._file.seek(wanted.start - self._stored.start)
            raw = self._file.read(min(wanted.stop, self._stored.stop) - wanted.start)
        else:
            raw = self._ask(wanted) if wanted else b""
        buffer[: len(raw)] = raw
        self._position += len(raw)
        return len(raw)

    def _ask(self, wanted: range) -> bytes:
        span = f"{wanted.start}-{wanted.stop - 1}"
        response = self._client.get(self._url, {"Range": f"bytes={span}"})
        sent = response.headers.get("Content-Range", "").startswith(f"bytes {span}/")
        if not sent or len(response.data) != len(wanted):
            raise Fault("the server sends other bytes than it was asked for")
        return response.data


def open_remote(client: Client, url: str) -> RemoteFile | io.BytesIO:
    """A file on a server; from one that ignores byte ranges it has come whole, into memory.

    Raises:
        Fault: There is no such file.
        SourceError: The server can't be reached, or fails all the time.
    """
    response = client.get(url, {"Range": "bytes=0-0"})
    found = re.fullmatch(r"bytes 0-0/(\d{1,15})", response.headers.get("Content-Range", ""))
    return RemoteFile(client, url, int(found[1])) if found else io.BytesIO(response.data)
