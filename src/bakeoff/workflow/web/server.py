"""The server: an address that is bound, and the application behind it."""

import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.core.errors import ConfigError
from bakeoff.training.predict import load_classifier

if TYPE_CHECKING:
    from starlette.applications import Starlette

CONNECTIONS = 128
"""More at once are answered with 503."""


def serve(
    model: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    device: str = "auto",
    allow_code: bool = False,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Answers HTTP until it is interrupted.

    Args:
        model: A run's folder, or a file that `export` wrote.
        host: The address that it listens at, or its name; others than this machine reach it only where that says so.
        port: Its port, 0 to 65535; 0 takes a free one.
        device: As of `predict`.
        allow_code: As of `predict`.
        ready: Told the page's URL before the first request is answered.

    Raises:
        ConfigError: The libraries are not installed, or the address can't be had.
        StorageError: The run or file is missing or damaged.
        NetworkError: The network can't be built, or is a user's own and `allow_code` is not given.
    """
    _check_libraries()
    from bakeoff.workflow.web.app import make_app

    classifier = load_classifier(model, device, allow_code=allow_code)
    _answer(make_app(classifier, model.resolve().name, host), host, port, ready)


def watch(
    folder: Path, host: str = "127.0.0.1", port: int = 8000, *, ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serves an experiment's report, which grows as runs end, until it is interrupted; arguments as of `serve`.

    Raises:
        ConfigError: The libraries are not installed, or the address can't be had.
        StorageError: The folder holds something other than an experiment.
    """
    _check_libraries()
    from bakeoff.workflow.web.watch import make_watch

    _answer(make_watch(folder, host), host, port, ready)


def _check_libraries() -> None:
    if not (find_spec("starlette") and find_spec("uvicorn")):
        raise ConfigError("serving needs starlette and uvicorn; install them with: pip install 'bakeoff[serve]'.")


def _answer(app: "Starlette", host: str, port: int, ready: Callable[[str], None]) -> None:
    import uvicorn

    with _bound(host, port) as listening:
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=3,
        )
        ready(f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError(
            f"can't listen at {host}, port {port}: {error.strerror or error}. Give another --host or --port."
        ) from None
