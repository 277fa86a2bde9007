"""What of the main script, or of a notebook, other processes can't have: said before any photo is read."""

import sys
from multiprocessing import current_process
from pathlib import Path

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.errors import ConfigError
from bakeoff.core.registry import modules_for_workers

MAIN = "__main__:"
GUARD = "if __name__ == '__main__':"


def check_main(config: ExperimentConfig) -> None:
    """Refuses networks that have no name or no source, and a script that its own worker processes would run again.

    Raises:
        ConfigError: There is such a thing; the message says where to put it.
    """
    path = getattr(sys.modules["__main__"], "__file__", None)
    spawned = config.training.executor != "ray"  # else the nodes of a cluster work, which run no script
    for name in config.training.networks:
        _check_network(name, path if spawned else None)
    if config.training.executor != "serial":
        modules_for_workers(spawned=spawned)
    # A worker process that runs the script again, in spite of what its text says, would wait for its own parent's lock.
    is_worker = getattr(current_process(), "_inheriting", False)  # as multiprocessing itself asks
    in_processes = config.training.executor != "serial" or config.data.workers != 1
    if in_processes and (is_worker or (path and not _is_guarded(Path(path)))):
        raise ConfigError(
            f"{path or 'the script'} would be run again by each worker process: put what it does under `{GUARD}`, or "
            "set training.executor to serial and data.workers to 1."
        )


def _check_network(name: object, path: str | None) -> None:
    file = "Write it to a file (in a notebook: %%writefile my_net.py) and name that, my_net.py:Net"
    if not isinstance(name, str):
        raise ConfigError(
            f"training.networks takes names, not {name!r}. {file}; bakeoff.train takes a class or module as it is."
        )
    if name.startswith(MAIN) and not path:
        raise ConfigError(
            f"network {name!r} is defined in this session, and neither worker processes nor a later run could know "
            f"what it was. {file}; bakeoff.train trains it as it is."
        )


def _is_guarded(path: Path) -> bool:
    """Whether a script asks for its name; a module that is run by its name does so, or is not run again."""
    if sys.modules["__main__"].__spec__ is not None:
        return True
    try:
        return "__name__" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
