"""The application that watches an experiment: its report, made anew as runs end, and what the others are at."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bakeoff.core.errors import BakeoffError, StorageError
from bakeoff.core.storage import digest, read_json
from bakeoff.training.run import EpochLog, LogLine
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.web.app import file_of, guarded

NOTHING_YET = "<!DOCTYPE html><title>No report yet</title><p>No run has ended yet.</p>"
FRAMED = {"Content-Security-Policy": "frame-ancestors 'self'"}
"""Of the report, whose page says by itself what it may load."""


class _Recipe(msgspec.Struct):
    epochs: int


class _Spec(msgspec.Struct):
    recipe: _Recipe


class _Checkpoint(msgspec.Struct):
    """What is read of a checkpoint's `state.json`."""

    spec: _Spec
    log: tuple[LogLine, ...]


class Watcher:
    """What an experiment's folder shows while another process trains in it.

    Args:
        folder: It need not exist yet.

    Raises:
        StorageError: It holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.problem = folder, ""
        self._made, self._turn = "", threading.Lock()
        Experiment(folder).check_owned()

    def state(self) -> dict[str, object]:
        """What the page shows, after the report was made anew where a run has ended: version, ended, runs, problem."""
        ended = list(self._ended())
        version = digest(ended)
        with self._turn:
            if ended and version != self._made:
                self._made, self.problem = version, self._report()
        running = [{"name": name, "status": status} for name, status in self._running()]
        return {"version": version, "ended": self._counted(len(ended)), "running": running, "problem": self.problem}

    def report(self) -> str:
        """The report's page as it is."""
        page = self.folder / "report" / "index.html"
        return page.read_text(encoding="utf-8") if page.exists() else NOTHING_YET

    def _report(self) -> str:
        try:
            pipeline.write_report(self.folder)
        except BakeoffError as error:
            return str(error)
        return ""

    def _counted(self, ended: int) -> str:
        try:
            config = Experiment(self.folder).config
        except BakeoffError:
            return "Nothing is trained here yet."
        asked = len(list(itertools.product(config.variant_list, config.training.seed_list)))
        return f"{ended} of {asked} runs have ended."

    def _ended(self) -> Iterator[tuple[str, int]]:
        for record in sorted((self.folder / "runs").glob("[!.]*/run.json")):
            yield record.parent.name, record.stat().st_mtime_ns

    def _running(self) -> Iterator[tuple[str, str]]:
        for path in sorted((self.folder / "checkpoints").glob("[!.]*/state.json")):
            try:
                found = read_json(path, _Checkpoint)
            except StorageError:  # it is just being replaced, or removed at the run's end
                continue
            lines = [line for line in found.log if isinstance(line, EpochLog)]
            if lines:
                yield path.parent.name, lines[-1].describe(found.spec.recipe.epochs)


def make_watch(folder: Path, host: str) -> Starlette:
    """The application; raises as `Watcher`.

    Args:
        folder: The experiment's.
        host: A name or address of the server, beside this machine's own.
    """
    watcher = Watcher(folder)

    async def state(_request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(watcher.state))

    async def report(_request: Request) -> Response:
        return Response(await asyncio.to_thread(watcher.report), media_type="text/html", headers=FRAMED)

    name = folder.resolve().name
    pages = {"/": ("watch.html", "text/html"), "/watch.js": ("watch.js", "text/javascript")}
    pages["/page.css"] = ("page.css", "text/css")
    routes = [Route(path, file_of(*page, name)) for path, page in pages.items()]
    return guarded([*routes, Route("/state", state), Route("/report", report)], host)
