"""A Ray cluster of one small node for the tests of what uses Ray; they skip where Ray is not installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def ray_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Ray on this machine's loopback interface; the folder for temporary files of its workers."""
    home = tmp_path_factory.mktemp("node")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_TMPDIR", "/tmp")  # sockets have short paths
        patch.setenv("TMPDIR", str(home))
        ray = pytest.importorskip("ray", reason="no Ray: pip install 'bakeoff[ray]'")
        ray.init(
            "local",
            num_cpus=2,
            object_store_memory=80 * 2**20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    yield home
    ray.shutdown()
