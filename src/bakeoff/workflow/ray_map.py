"""Photos read and decoded by tasks of a Ray cluster: the map of pieces that building and auditing take."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import chdir, nullcontext, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from bakeoff.config.cluster import ClusterConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.errors import BakeoffError, ConfigError, SourceError, in_one_line
from bakeoff.data.elsewhere import PieceMap
from bakeoff.workflow.executors.nodes import check_versions, connected, versions

COMPARED = ("bakeoff", "numpy", "opencv-python-headless", "pillow")
"""What decides about the bytes of an image."""
AHEAD = 2
"""Tasks per processor of the cluster that are handed out before the first of them is done."""
RETRIES = 3
"""How often Ray begins a task again whose node or process died."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def map_of(config: ExperimentConfig) -> PieceMap | None:
    """Where the photos of an experiment are read, if not on this machine."""
    return partial(ray_map, config.cluster) if config.training.executor == "ray" else None


def map_at(address: str) -> PieceMap | None:
    """The same of a cluster by its `cluster.address`; empty means this machine."""
    if not address:
        return None
    try:
        return partial(ray_map, msgspec.convert({"address": address}, ClusterConfig))
    except msgspec.ValidationError:
        raise ConfigError(
            f"--cluster {address!r} is no address of a Ray cluster: give auto, local, HOST:PORT or ray://HOST:PORT."
        ) from None


class _Sent(NamedTuple):
    """What all tasks of a map are given: the function, the folder that paths start from, and wanted versions."""

    function: Callable[[Any], Any]
    folder: Path
    versions: dict[str, str]


def ray_map(
    cluster: ClusterConfig, function: Callable[[Piece], Result], pieces: Iterable[Piece]
) -> Generator[Result, None, None]:
    """A `PieceMap` by tasks of one processor each; Ray begins a task again whose node dies.

    Raises:
        ConfigError: Ray is not installed, the cluster can't be reached or has no processors, or a node has other
            versions.
        SourceError: A task died each time it was begun, or raised an error that it should not.
    """
    with connected(cluster) as ray:
        most = AHEAD * int(ray.cluster_resources().get("CPU", 0))
        if not most:
            raise ConfigError("no node of the Ray cluster has a processor to read photos with.")
        shared = [ray.put(_Sent(function, Path.cwd(), dict(versions(COMPARED))))]  # in a list Ray leaves it packed
        work = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(_work)
        waiting: deque[object] = deque()
        try:
            for piece in pieces:
                waiting.append(work.remote(shared, piece))
                if len(waiting) >= most:
                    yield ray.get(waiting.popleft())
            while waiting:
                yield ray.get(waiting.popleft())
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", error)
            if isinstance(cause, BakeoffError):
                raise cause from None
            raise SourceError(f"the Ray cluster could not read the photos: {in_one_line(cause)}.") from None
        finally:
            with suppress(ray.exceptions.RayError):  # the cluster is gone
                for reference in waiting:
                    ray.cancel(reference, force=True)  # else its process goes on, with what it was importing half done


def _work(shared: list[object], piece: object) -> object:
    """On a node: the result of a piece."""
    function, folder, _ = _unpacked(shared[0])
    with chdir(folder) if folder.is_dir() else nullcontext():
        return function(piece)


@lru_cache(maxsize=1)
def _unpacked(reference: object) -> _Sent:
    """Once per process of a node, since a source may have an entry for each of a million photos."""
    import cv2
    import ray

    found: _Sent = ray.get(reference)
    check_versions(found.versions, versions(COMPARED), ray.util.get_node_ip_address())
    cv2.setNumThreads(1)
    return found
