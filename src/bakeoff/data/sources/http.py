"""Photos on web servers, downloaded into a cache as they are needed."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from bakeoff.core.atomic import lock, storage_errors, write_bytes
from bakeoff.core.errors import ImageError
from bakeoff.core.untrusted import LARGEST_FILE, check_length, check_name
from bakeoff.data.http import Client, Fault, Options
from bakeoff.data.http.fault import CONTENT

Progress = Callable[[int, int], None]


@dataclass
class UrlSource:
    """Photos on web servers.

    A photo is downloaded once, into a cache that several experiments and processes share. It gets its name there when
    all of its bytes have come and it was decoded; so whatever stops a download, what is there is whole.

    Attributes:
        base: URL of the folder that holds the photos by file name; empty means the URLs of the instances file.
        cache: The cache's folder.
        verify: Decodes a photo; raises `ImageError` where it can't.
        options: How the servers are asked.
        monitor: Gives what is told how many photos are there; called when the first download begins.
    """

    base: str
    cache: Path
    verify: Callable[[bytes], object]
    options: Options
    monitor: Callable[[], Progress]
    _told: int = 0
    _decoding: Lock = field(default_factory=Lock)  # what silences a decoder's warnings is shared by all threads

    def prepare(self, urls: Mapping[str, str | None]) -> "DownloadedSource":
        """Downloads photos; see `records.Source`.

        Raises:
            SourceError: The server can't be reached, or fails all the time.
            StorageError: The cache can't be written.
        """
        addresses, failures = {}, {}
        for file_name, url in urls.items():
            try:
                addresses[file_name] = self._address(file_name, url)
            except ImageError as error:
                failures[file_name] = str(error)
        failed = self._download(set(addresses.values())) if addresses else {}
        failures |= {name: failed[address] for name, address in addresses.items() if address in failed}
        return DownloadedSource(self.cache, addresses, failures, self.describe())

    def read(self, file_name: str) -> bytes:
        """The bytes of one photo below `base`.

        Raises:
            ImageError: There is no such photo, or it can't be had.
            SourceError: The server can't be reached, or fails all the time.
            StorageError: The cache can't be written.
        """
        return self.prepare({file_name: None}).read(file_name)

    def describe(self) -> str:
        """The base URL, or that the instances file's are taken."""
        return self.base or "the URLs of the instances file (coco_url)"

    def _address(self, file_name: str, url: str | None) -> str:
        check_name(file_name)
        if self.base:
            return self.base + quote(file_name, errors="surrogatepass")
        if not url:
            raise ImageError("the instances file has no coco_url for it")
        return url

    def _download(self, urls: set[str]) -> dict[str, str]:
        """Downloads what is not in the cache; gives for each URL that can't be had the reason."""
        missing = sorted(url for url in urls if not _is_whole(place_of(self.cache, url)))
        kept = len(urls) - len(missing)
        failures = {}
        with Client(self.options, len(urls)) as client, ThreadPoolExecutor(self.options.connections) as threads:
            try:
                self._tell(kept, kept + len(missing))
                coming = {threads.submit(self._store, client, url): url for url in missing}
                for done, future in enumerate(as_completed(coming), kept + 1):
                    if reason := future.result():
                        failures[coming[future]] = reason
                    self._tell(done, kept + len(missing))
            finally:
                client.pace.stop()
                threads.shutdown(cancel_futures=True)
        self._told += kept + len(missing)
        return failures

    def _store(self, client: Client, url: str) -> str:
        """Downloads one photo into the cache; gives the reason where it can't be had."""
        place = place_of(self.cache, url)
        with storage_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with lock(place.parent) as held:
                if _is_whole(place):  # by another process, in the meantime
                    return ""
                if held:
                    for left in place.parent.glob(".*.partial-*"):  # by processes that were killed
                        left.unlink()
                try:
                    write_bytes(place, client.retry(url, lambda: self._photo(client, url)))
                except Fault as fault:
                    return str(fault)
        return ""

    def _photo(self, client: Client, url: str) -> bytes:
        with client.get(url) as answer:
            raw = answer.read(LARGEST_FILE)
        try:
            check_length(len(raw))
            with self._decoding:
                self.verify(raw)
        except ImageError as error:
            raise Fault(f"what the server sends is no photo: {error}", CONTENT) from None
        return raw

    def _tell(self, done: int, total: int) -> None:
        self._progress(self._told + done, self._told + total)

    @cached_property
    def _progress(self) -> Progress:
        return self.monitor()


@dataclass(frozen=True)
class DownloadedSource:
    """Photos that were downloaded.

    Attributes:
        cache: The cache's folder.
        urls: Their URLs by file name.
        failures: By file name, why a photo can't be had.
        place: Where they come from, in words.
    """

    cache: Path
    urls: Mapping[str, str]
    failures: Mapping[str, str]
    place: str

    def prepare(self, urls: Mapping[str, str | None]) -> "DownloadedSource":
        """Nothing is to be done; see `records.Source`."""
        return self

    def read(self, file_name: str) -> bytes:
        """The bytes of one photo.

        Raises:
            ImageError: It could not be downloaded, or was not asked for.
        """
        if file_name in self.failures:
            raise ImageError(self.failures[file_name])
        if file_name not in self.urls:
            raise ImageError("missing: it was not downloaded")
        try:
            return place_of(self.cache, self.urls[file_name]).read_bytes()
        except OSError as error:
            raise ImageError(f"can't be read from the cache: {error.strerror}") from None

    def describe(self) -> str:
        """Where they come from."""
        return self.place


def place_of(cache: Path, url: str) -> Path:
    """The file in a cache that holds the photo of a URL."""
    name = hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()
    return cache / "photos" / name[:2] / name


def _is_whole(place: Path) -> bool:
    try:
        return place.stat().st_size > 0  # after a power failure a new file may be empty
    except OSError:
        return False
