"""A real Ray cluster of several nodes on one machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STORE = 80 * 2**20
"""Bytes of the object store of each node; the smallest that Ray takes is not much less."""


@contextmanager
def ray_cluster(nodes: int = 3) -> Iterator[Any]:
    """Yields the cluster: nodes of one processor each, the first its head; nothing of it outlives the block."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # 15 is below all else that runs here
    from ray.cluster_utils import Cluster

    own = {"num_cpus": 1, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args={**own, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**own)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


def kill_node(cluster: Any) -> None:
    """Kills the newest node as a loss of power does."""
    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)


def files_in(folder: Path) -> dict[str, bytes]:
    """The bytes of all files of a folder, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
