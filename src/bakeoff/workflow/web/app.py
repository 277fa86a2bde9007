"""The application: a page to drop a photo on, and `POST /predict`, which takes a photo's bytes and answers with JSON.

What comes in is never trusted: a photo is decoded as everywhere in bakeoff, its size and the time that it takes to
arrive are limited, and so are the photos at once. A page of another site can't use it: a browser says which page asks
(`Origin`), and by which name (`Host`); that must be an address, or a name of this server, so that no other name can be
pointed at it (DNS rebinding).
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import TypeVar
from urllib.parse import urlsplit

from markupsafe import escape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bakeoff.core.errors import ImageError
from bakeoff.training.predict import Classifier, Prediction

Result = TypeVar("Result")

LARGEST_UPLOAD = 32 * 2**20
"""Bytes; a photo of a camera has less."""
SECONDS = 30
"""A photo may take so long to arrive, and before that to get its turn."""
AT_ONCE = 8
"""Photos that are in memory; they are classified one after the other."""
NAME = "{{ model }}"
"""Where the page has the model's name."""
PAGE = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Refusal(Exception):
    """What is answered instead of a prediction: a status of HTTP and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def make_app(classifier: Classifier, name: str, host: str) -> Starlette:
    """The application.

    Args:
        classifier: What classifies; used by one thread at a time.
        name: What the page calls it.
        host: A name or address of the server, beside this machine's own.
    """
    turn, places = threading.Lock(), asyncio.Semaphore(AT_ONCE)

    def classify(raw: bytes) -> Prediction:
        with turn:
            row = classifier.classify([classifier.read(raw)])[0]
            return Prediction.of("", classifier.classes, row, classifier.task)

    async def predict(request: Request) -> Response:
        try:
            await _in_time(places.acquire(), 503, f"too many photos at once; try again in {SECONDS} seconds")
            try:
                raw = await _in_time(_upload(request), 408, f"the photo did not arrive in {SECONDS} seconds")
                answer = await asyncio.to_thread(classify, raw)
            finally:
                places.release()
        except ImageError as error:
            return _refuse(422, str(error))
        except Refusal as refusal:
            return _refuse(refusal.status, str(refusal))
        except ClientDisconnect:
            return _refuse(400, "the photo did not arrive")
        found = {
            "predicted": answer.predicted,
            "probability": answer.probability,
            "probabilities": answer.probabilities,
        }
        return JSONResponse(found)

    routes = [Route(path, file_of(*page, name)) for path, page in PAGE.items()]
    return guarded([*routes, Route("/predict", predict, methods=["POST"])], host)


def guarded(routes: list[Route], host: str) -> Starlette:
    """An application that answers no other site, and whose pages load nothing but their own files.

    Args:
        routes: What it answers; a response with a policy of its own keeps that.
        host: A name or address of the server, beside this machine's own.
    """

    async def guard(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        response: Response = (
            await handle(request) if is_own(request.headers, host) else _refuse(403, "another site asks")
        )
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)])


def is_own(headers: Mapping[str, str], name: str) -> bool:
    """Whether a request is for this server by an address or a name of its own, and from no page of another site."""
    own, origin = headers.get("host", ""), headers.get("origin")
    try:
        host = urlsplit(f"//{own}").hostname or ""
        if origin is not None and urlsplit(origin).netloc != own:
            return False
        return host in {"localhost", name.lower(), socket.gethostname().lower()} or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def file_of(file: str, kind: str, name: str) -> Callable[[Request], Response]:
    """What answers with a file of this package, in which the page's name is set."""
    text = (files("bakeoff.workflow.web") / file).read_text(encoding="utf-8").replace(NAME, escape(name))
    return lambda _request: Response(text, media_type=kind)


async def _in_time(wanted: Awaitable[Result], status: int, otherwise: str) -> Result:
    try:
        return await asyncio.wait_for(wanted, SECONDS)
    except TimeoutError:
        raise Refusal(status, otherwise) from None


async def _upload(request: Request) -> bytes:
    """The photo's bytes; a form of a page, which any site may send without asking, is none."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("image/", "application/octet-stream")):
        raise Refusal(415, "send the photo's bytes as application/octet-stream")
    if int(request.headers.get("content-length", "0")) > LARGEST_UPLOAD:
        raise _too_large()
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST_UPLOAD:
            raise _too_large()
    return bytes(raw)


def _too_large() -> Refusal:
    return Refusal(413, f"the photo has more than {LARGEST_UPLOAD // 2**20} MiB")


def _refuse(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status)
