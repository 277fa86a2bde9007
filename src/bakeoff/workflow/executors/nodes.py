"""A connection to a Ray cluster, and what its nodes must have in common with this machine."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType
from uuid import uuid4

from bakeoff.config.cluster import ClusterConfig
from bakeoff.core.errors import ConfigError, in_one_line
from bakeoff.workflow.executors.bundle import Bundle
from bakeoff.workflow.executors.jobs import Job, MovableTask

COMPARED = ("bakeoff", "torch")
SECONDS_TO_ANSWER = 60.0


def check_installed() -> None:
    """Raises `ConfigError` where Ray is not installed."""
    if not find_spec("ray"):
        raise ConfigError(
            "training.executor = \"ray\" (or --cluster) needs Ray; install it with: pip install 'bakeoff[ray]'."
        )


@contextmanager
def connected(config: ClusterConfig) -> Iterator[ModuleType]:
    """Yields the module `ray`, connected; a connection that was there before is used, and left as it is.

    Raises:
        ConfigError: Ray is not installed, or the cluster can't be reached.
    """
    check_installed()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray is imported
    import ray

    if ray.is_initialized():
        yield ray
        return
    alone = {"include_dashboard": False} if config.address == "local" else {}
    if alone:
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # its ports are open to the network
    try:
        ray.init(config.address, log_to_driver=False, logging_level="ERROR", **alone)
    except Exception as error:  # Ray raises many kinds, among them plain ones
        raise ConfigError(
            f"can't connect to the Ray cluster cluster.address = {config.address!r}: {in_one_line(error)}. Start one "
            'with `ray start --head`, or set cluster.address to "local".'
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def check_nodes(ray: ModuleType, jobs: Sequence[Job]) -> frozenset[Bundle]:
    """Compares all nodes with this machine before anything runs.

    Returns:
        The bundles that a node does not see, so that they have to be sent.

    Raises:
        ConfigError: No node has what a job needs, or a node has other versions, does not answer, or does not see what
            all must.
    """
    nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
    for job in jobs:
        _check_resources(job, [node["Resources"] for node in nodes.values()])
    tasks = [job.task for job in jobs if isinstance(job.task, MovableTask)]
    bundles = frozenset(bundle for task in tasks for bundle in task.reads)
    with _tokens({place for task in tasks for place in task.shared}) as tokens:
        looks = {name: _look_at(ray, name, tokens.values(), bundles) for name in nodes}
        ray.wait(list(looks.values()), num_returns=len(looks), timeout=SECONDS_TO_ANSWER)
        unseen: set[Bundle] = set()
        for name, look in looks.items():
            unseen |= _check_node(ray, nodes[name]["NodeManagerAddress"], look, tokens)
    return frozenset(unseen)


def versions(names: Iterable[str] = COMPARED) -> Mapping[str, str]:
    """The versions that must be the same on all nodes."""
    return {name: version(name) for name in names}


def check_versions(wanted: Mapping[str, str], found: Mapping[str, str], node: str) -> None:
    """Raises `ConfigError` where a node has other versions than this machine."""
    for name, own in wanted.items():
        if found[name] != own:
            raise ConfigError(
                f"node {node} has {name} {found[name]}, this machine {own}. Install the same version on all nodes."
            )


def _check_resources(job: Job, nodes: Iterable[Mapping[str, float]]) -> None:
    if not any(node.get("CPU", 0) >= job.cpus and node.get("GPU", 0) >= job.gpus for node in nodes):
        raise ConfigError(
            f"no node of the Ray cluster has the {job.cpus} processors and {job.gpus:g} GPUs that {job.name} reserves. "
            "Set cluster.num_cpus, cluster.num_gpus or training.device."
        )


@contextmanager
def _tokens(places: Iterable[str]) -> Iterator[dict[str, str]]:
    """By place the URL of a file in it that exists within the block only, for others to look at."""
    import fsspec

    tokens = {place: f"{place.rstrip('/')}/.seen-{uuid4().hex}" for place in sorted(places)}
    try:
        for place, token in tokens.items():
            try:
                files, path = fsspec.core.url_to_fs(token)
                files.makedirs(path.rpartition("/")[0], exist_ok=True)
                files.pipe_file(path, b"")
            except Exception as error:  # each kind of storage has its own errors
                raise ConfigError(f"cluster.storage: can't write to {place}: {in_one_line(error)}.") from None
        yield tokens
    finally:
        for token in tokens.values():
            files, path = fsspec.core.url_to_fs(token)
            with suppress(OSError):
                files.rm_file(path)


def _look_at(ray: ModuleType, node: str, tokens: Iterable[str], bundles: frozenset[Bundle]) -> object:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node, soft=False)
    look = ray.remote(_look).options(num_cpus=0, max_retries=0, scheduling_strategy=there)
    return look.remote(list(tokens), bundles)


def _look(tokens: Sequence[str], bundles: frozenset[Bundle]) -> tuple[Mapping[str, str], set[str], set[Bundle]]:
    """On a node: its versions, and what it does not see."""
    hidden = {token for token in tokens if not _exists(token)}
    return versions(), hidden, {bundle for bundle in bundles if not bundle.is_in(bundle.root)}


def _exists(url: str) -> bool:
    import fsspec

    files, path = fsspec.core.url_to_fs(url)
    return bool(files.exists(path))


def _check_node(ray: ModuleType, address: str, look: object, tokens: Mapping[str, str]) -> set[Bundle]:
    try:
        found, hidden, unseen = ray.get(look, timeout=1)
    except Exception as error:  # whatever is missing there
        raise ConfigError(
            f"node {address} of the Ray cluster can't be used: {in_one_line(error)}. It needs bakeoff "
            f"{versions()['bakeoff']}, and what reads cluster.storage."
        ) from None
    check_versions(versions(), found, address)
    if missing := next((place for place, token in tokens.items() if token in hidden), None):
        raise ConfigError(
            f"node {address} of the Ray cluster does not see {missing}, where checkpoints go. Set cluster.storage to a "
            "path that all nodes share, or to a URL such as s3://bucket/folder."
        )
    own: set[Bundle] = unseen
    return own
