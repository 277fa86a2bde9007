"""Photos made into rows and JPEG copies, in parallel processes or on other machines."""

import hashlib
import io
import math
import os
import signal
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypedDict

import cv2
from PIL import Image

from bakeoff.core.errors import ImageError, SourceError
from bakeoff.core.geometry import Resize, crop_box_of, photo_of
from bakeoff.core.types import Images
from bakeoff.data.build.arrays import write_rows
from bakeoff.data.build.images import Filter, to_fitted_pixels
from bakeoff.data.build.stated_size import EXACT, Fit, Size
from bakeoff.data.elsewhere import PIECE, PieceMap, made_elsewhere
from bakeoff.data.source import Source

CHUNK = 32
"""Photos a task; with fewer than two tasks a process, starting the process costs more than it saves."""
AHEAD = 4
"""Tasks a process that are handed out before the first of them is done."""
LARGEST_PIECE = 2**24
"""Bytes of pixels that come from another machine at once."""
UNSEEN = (
    "All machines must see data.images or data.folder, and of downloaded photos data.cache, under the same path. With "
    "data.workers above 0 the photos are made on this machine."
)


class ImageSettings(TypedDict):
    """How the images of a data set are made, as keyword arguments.

    Attributes:
        size: Height and width of the images, in pixels.
        resize: How a photo becomes square, as in `geometry.frame`.
        filter: "area" or "linear", as in `images.resize`.
        quality: JPEG quality of the copies in `images/`, 1 to 100.
    """

    size: int
    resize: Resize
    filter: Filter
    quality: int


class ImageJob(NamedTuple):
    """One photo with the size that its annotations state, and the slots where its pixels and its JPEG copy go."""

    file_name: str
    stated: Size | None
    array: Path
    row: int
    copy: Path


class MadeImage(NamedTuple):
    """The digest of the photo's bytes, and of its crop box if it has one; or None and why it can't be used.

    `fit` is how boxes of the stated size lie in the photo.
    """

    digest: str | None
    reason: str = ""
    fit: Fit = EXACT


class RenderedImage(NamedTuple):
    """A photo's outcome, its pixels, uint8 (S, S, 3), and the bytes of its JPEG copy; if it can't be used, neither."""

    made: MadeImage
    pixels: Images | None = None
    copy: bytes = b""

    @property
    def reason(self) -> str:
        """Why it can't be used; empty where it can."""
        return self.made.reason


def make_all(
    source: Source,
    settings: ImageSettings,
    jobs: Iterable[ImageJob],
    count: int,
    workers: int,
    elsewhere: PieceMap | None = None,
) -> Generator[MadeImage, None, None]:
    """Makes photos, in parallel where they are many; where and in how many processes changes nothing in the result.

    Close the iterator where it is not used up: that ends the processes.

    Args:
        source: Where the bytes come from.
        settings: How the images are made.
        jobs: The photos; taken as they are needed, so that their number costs no memory.
        count: How many they are.
        workers: Processes; 0 means one per processor.
        elsewhere: Other machines, which make them where `workers` is 0; what they made is written by this process.

    Yields:
        One outcome a job, in the jobs' order.

    Raises:
        SourceError: A process was killed, or another machine does not see a photo.
    """
    piece = max(1, min(PIECE, LARGEST_PIECE // (3 * settings["size"] ** 2)))
    if elsewhere and not workers and count >= 2 * piece:
        for some, rendered in made_elsewhere(elsewhere, partial(render, source, settings), jobs, UNSEEN, piece):
            yield from _store(some, rendered)
        return
    processes = min(workers or os.cpu_count() or 1, math.ceil(count / CHUNK) // 2)
    if processes < 2:
        for job in jobs:
            yield from make(source, settings, [job])
        return
    yield from _make_in_processes(source, settings, jobs, processes)


def _make_in_processes(
    source: Source, settings: ImageSettings, jobs: Iterable[ImageJob], processes: int
) -> Generator[MadeImage, None, None]:
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _prepare_process, (source, settings))
    try:
        waiting: deque[Future[list[MadeImage]]] = deque()
        remaining = iter(jobs)
        while chunk := list(islice(remaining, CHUNK)):
            waiting.append(pool.submit(_make_chunk, chunk))
            if len(waiting) > AHEAD * processes:
                yield from waiting.popleft().result()
        for future in waiting:
            yield from future.result()
    except BrokenProcessPool:
        raise SourceError(
            "a process that decodes photos was ended from outside, most often for lack of memory. Set data.workers to "
            "1; a script of your own needs `if __name__ == '__main__':` around its calls."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def make(source: Source, settings: ImageSettings, jobs: Sequence[ImageJob]) -> list[MadeImage]:
    """Reads, decodes and resizes photos, and writes their rows and their JPEG copies.

    A photo that can't be used is an outcome with a reason, and nothing of it is written.
    """
    return _store(jobs, render(source, settings, jobs))


def render(source: Source, settings: ImageSettings, jobs: Sequence[ImageJob]) -> list[RenderedImage]:
    """Reads, decodes and resizes photos, and writes nothing."""
    rendered: list[RenderedImage] = []
    for job in jobs:
        try:
            raw, crop_box = source.read(photo_of(job.file_name)), crop_box_of(job.file_name)
            pixels, fit = to_fitted_pixels(
                raw, settings["size"], settings["filter"], settings["resize"], crop_box, job.stated
            )
        except ImageError as error:
            rendered.append(RenderedImage(MadeImage(None, str(error))))
            continue
        copy = io.BytesIO()
        # full chroma resolution: at these sizes the usual halving is visible
        Image.fromarray(pixels).save(copy, "JPEG", quality=settings["quality"], subsampling="4:4:4")
        content = hashlib.sha256(raw + (repr(crop_box).encode() if crop_box else b"")).hexdigest()[:16]
        rendered.append(RenderedImage(MadeImage(content, fit=fit), pixels, copy.getvalue()))
    return rendered


def _store(jobs: Sequence[ImageJob], rendered: Iterable[RenderedImage]) -> list[MadeImage]:
    outcomes: list[MadeImage] = []
    rows: dict[Path, dict[int, Images]] = {}
    for job, own in zip(jobs, rendered, strict=True):
        outcomes.append(own.made)
        if own.pixels is not None:
            rows.setdefault(job.array, {})[job.row] = own.pixels
            job.copy.write_bytes(own.copy)
    for array, images in rows.items():  # opening a file costs as much as a few rows
        write_rows(array, images)
    return outcomes


_prepared: list[tuple[Source, ImageSettings]] = []
"""In a worker process: what it was started with, since a source may be large or slow to open."""


def _make_chunk(jobs: Sequence[ImageJob]) -> list[MadeImage]:
    return make(*_prepared[0], jobs)


def _prepare_process(source: Source, settings: ImageSettings) -> None:
    _prepared[:] = [(source, settings)]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent ends this one
    cv2.setNumThreads(1)
