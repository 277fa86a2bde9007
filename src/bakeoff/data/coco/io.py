"""The text of an instances file, out of whatever it is packed in."""

import difflib
import gzip
import hashlib
import math
import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from io import BufferedReader
from pathlib import Path

from bakeoff.core.errors import AnnotationsError
from bakeoff.core.untrusted import ALWAYS_ALLOWED, GROWTH, ZIP, ZIP_DAMAGE
from bakeoff.data.coco.archive import open_member, split

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
DAMAGE = (*ZIP_DAMAGE, gzip.BadGzipFile, zstd.ZstdError)
PIECE = 2**20
Read = Callable[[int], bytes]


class Text:
    """The text of an instances file.

    Attributes:
        pieces: Its bytes in turn, the next read in a thread while one is worked on.
    """

    def __init__(self, path: Path, read: Read, limit: float) -> None:
        self._path, self._source, self._limit = path, read, limit
        self._length, self._digest = 0, hashlib.sha256()
        self.pieces = self._read_ahead()

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of what was read."""
        return self._digest.hexdigest()[:16]

    def _read_ahead(self) -> Generator[bytes]:
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._read)
            while piece := coming.result():
                coming = reader.submit(self._read)
                yield piece

    def _read(self) -> bytes:
        try:
            piece = self._source(PIECE)
        except DAMAGE as error:
            raise _damaged(self._path, error) from None
        except OSError as error:
            raise _unreadable(self._path, error) from None
        self._length += len(piece)
        self._digest.update(piece)
        if self._length > self._limit:
            raise AnnotationsError(
                f"{self._path} unpacks to more than {self._limit:,} bytes, more than {GROWTH} times its own; no "
                "instances file does. If it is one, unpack it first."
            )
        return piece


@contextmanager
def open_text(path: Path) -> Iterator[Text]:
    """Opens an instances file: JSON, also packed by gzip or zstd, or a member of a zip archive.

    Args:
        path: The file; of a zip archive, which is read in place, also the archive's path followed by the member's name,
            such as `annotations.zip/annotations/instances_val2017.json`.

    Yields:
        Its text, unpacked.

    Raises:
        AnnotationsError: It is missing, a folder, damaged, or can't be read; or the member of an archive is encrypted
            or not clear; while it is read, it unpacks to far more than an instances file does.
    """
    file, member = split(path)
    with ExitStack() as opened:
        try:
            packed = opened.enter_context(file.open("rb"))
            read, limit = _unpack(file, packed, member, opened)
        except FileNotFoundError:
            near = difflib.get_close_matches(path.name, _neighbours(path), n=3)
            hint = f" There is {', '.join(near)} in {path.parent}." if near else ""
            raise AnnotationsError(f"annotations file {path} does not exist.{hint} Give --annotations PATH.") from None
        except IsADirectoryError:
            raise AnnotationsError(f"{path} is a folder; give the instances file in it.") from None
        except DAMAGE as error:
            raise _damaged(path, error) from None
        except (OSError, ValueError) as error:  # ValueError: the path holds a null character
            raise _unreadable(path, error) from None
        text = Text(path, read, limit)
        with closing(text.pieces):
            yield text


def _unpack(path: Path, file: BufferedReader, member: str, opened: ExitStack) -> tuple[Read, float]:
    """What reads the file, or what is packed in it; and how many bytes of it are read at most."""
    limit = max(ALWAYS_ALLOWED, GROWTH * path.stat().st_size)
    beginning = file.peek(len(ZSTD))
    if beginning.startswith(ZIP):
        return open_member(path, file, member, opened).read, limit
    if beginning.startswith(GZIP):
        return gzip.GzipFile(fileobj=file).read, limit
    if beginning.startswith(ZSTD):
        return opened.enter_context(zstd.ZstdFile(file)).read, limit
    return file.read, math.inf


def _neighbours(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return []


def _damaged(path: Path, error: Exception) -> AnnotationsError:
    return AnnotationsError(f"{path} is packed and damaged ({error}); download or pack it again.")


def _unreadable(path: Path, error: Exception) -> AnnotationsError:
    reason = getattr(error, "strerror", None) or error
    return AnnotationsError(f"annotations file {path} can't be read: {reason}. Give --annotations PATH.")
