"""Images on web servers, downloaded into a cache as they are needed."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from bakeoff.config.tables import URL
from bakeoff.core.atomic import lock, remove_partials, storage_errors, write_bytes
from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.progress import Progress
from bakeoff.core.registry import sources
from bakeoff.core.untrusted import check_length, check_name
from bakeoff.data.http import Client, Fault
from bakeoff.data.http.connection import SCHEMES, check_url
from bakeoff.data.http.fault import WrongContent
from bakeoff.data.source import Downloads


@dataclass
class HttpSource:
    """Images on web servers.

    An image is downloaded once, into a cache that several experiments and processes share. It gets its name there when
    all of its bytes have come and it was decoded; so whatever stops a download, what is there is whole.

    Attributes:
        base: URL of the folder that holds the images by file name; empty means the URLs of the instances file.
        downloads: How they are downloaded.
    """

    base: str
    downloads: Downloads
    _done: int = 0
    _decoding: Lock = field(default_factory=Lock)  # what silences a decoder's warnings is shared by all threads

    def prepare(self, urls: Mapping[str, str | None]) -> "DownloadedSource":
        """Downloads images; raises `StorageError`, too, where the cache can't be written."""
        addresses, failures = {}, {}
        for file_name, url in urls.items():
            try:
                addresses[file_name] = self._address(file_name, url)
            except ImageError as error:
                failures[file_name] = str(error)
        failed = self._download(set(addresses.values())) if addresses else {}
        failures |= {name: failed[address] for name, address in addresses.items() if address in failed}
        return DownloadedSource(self.downloads.cache, addresses, failures, self.describe())

    def read(self, file_name: str) -> bytes:
        return self.prepare({file_name: None}).read(file_name)

    def describe(self) -> str:
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
        missing = sorted(url for url in urls if not _is_whole(cached(self.downloads.cache, url)))
        kept = self._done + len(urls) - len(missing)
        total, failures = kept + len(missing), {}
        options = self.downloads.options
        with (
            ThreadPoolExecutor(options.connections) as threads,
            Client(options, len(urls), verify=self._verify) as client,  # ends first, and what waits in the threads
        ):
            self._progress(kept, total)
            coming = {threads.submit(self._store, client, url): url for url in missing}
            for done, future in enumerate(as_completed(coming), kept + 1):
                if reason := future.result():
                    failures[coming[future]] = reason
                self._progress(done, total)
        self._done = total
        return failures

    def _store(self, client: Client, url: str) -> str:
        """Downloads one image into the cache; gives the reason where it can't be had.

        The lock is the image's own, so a bad URL stalls no other. It spares the server: of several processes one asks
        for the image. Whoever has waited for a timeout asks, too; an atomic write needs no lock.
        """
        path = cached(self.downloads.cache, url)
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with lock(path, timeout=self.downloads.options.timeout) as held:
                if _is_whole(path):  # by another process, in the meantime
                    return ""
                if held:
                    remove_partials(path.parent, path.name)
                try:
                    write_bytes(path, client.get(url).data)
                except Fault as fault:
                    return str(fault)
        return ""

    def _verify(self, raw: bytes) -> None:
        try:
            check_length(len(raw))
            with self._decoding:
                self.downloads.verify(raw)
        except ImageError as error:
            raise WrongContent(f"what the server sends is no photo: {error}") from None

    @cached_property
    def _progress(self) -> Progress:
        return self.downloads.monitor("download")


@dataclass(frozen=True)
class DownloadedSource:
    """Images that were downloaded into a cache: their URLs by file name, or why one can't be had."""

    cache: Path
    urls: Mapping[str, str]
    failures: Mapping[str, str]
    description: str

    def prepare(self, urls: Mapping[str, str | None]) -> "DownloadedSource":
        return self

    def read(self, file_name: str) -> bytes:
        if file_name in self.failures:
            raise ImageError(self.failures[file_name])
        if file_name not in self.urls:
            raise ImageError("missing: it was not downloaded")
        try:
            return cached(self.cache, self.urls[file_name]).read_bytes()
        except OSError as error:
            raise ImageError(f"can't be read from the cache: {error.strerror}") from None

    def describe(self) -> str:
        return self.description


@sources.register("http")
def open_http(images: str, downloads: Downloads | None) -> HttpSource | None:
    """The source of "url" or of a URL of http or https; raises `SourceError` at one that is refused."""
    if downloads is None:
        return None
    if images == URL:
        return HttpSource("", downloads)
    if images.partition("://")[0].lower() not in SCHEMES:
        return None
    try:
        check_url(images, allow_private=downloads.options.allow_private)
    except Fault as fault:
        raise SourceError(f"--images {images.rpartition('@')[2]}: {fault}.") from None
    return HttpSource(images.rstrip("/") + "/", downloads)


def cached(cache: Path, url: str) -> Path:
    """The file in a cache that holds the image of a URL."""
    name = hashlib.sha256(url.encode(errors="surrogatepass")).hexdigest()
    return cache / "photos" / name[:2] / name


def _is_whole(path: Path) -> bool:
    try:
        return path.stat().st_size > 0  # after a power failure a new file may be empty
    except OSError:
        return False
