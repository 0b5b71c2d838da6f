"""The addresses: hooks, health and metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.model.incident import Poison
from bridge.ports import Clock
from bridge.web.formats import Ignored, Sender, TooDeep, Unreadable, read
from bridge.web.metrics import CONTENT_TYPE, Metrics
from bridge.web.signatures import Unsigned
from bridge.web.writer import Full, GroupWriter, Kept, NotStored

log = structlog.get_logger()

REDMINE = "redmine"
"""The name in the address of Redmine's hooks."""
COMMIT_SECONDS = 2.5
"""RT's scrip waits for 3 s, and the person who saves the ticket with it."""
BODY_SECONDS = 10.0
RETRY_AFTER = "5"
TELL_SECONDS = 60.0
_RAW = 2000


class _TooLarge(Exception):  # noqa: N818 - named by what it says
    """The body is larger than allowed."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes hooks in. `senders` by the name in the address; `unready` says what keeps the bridge from working."""

    senders: Mapping[str, Sender]
    max_body: int
    writer: GroupWriter
    metrics: Metrics
    clock: Clock
    unready: Callable[[], list[str]]
    told: dict[str, float] = field(default_factory=dict)
    """When a refused hook was last logged, by system: whoever knocks shall not fill the log."""

    def application(self) -> Starlette:
        """The same as an ASGI application."""
        return Starlette(
            routes=[
                Route("/hooks/{name}", self._hook, methods=["POST"]),
                Route("/hooks/{name}/{token}", self._hook, methods=["POST"]),
                Route("/healthz", self._health),
                Route("/readyz", self._ready),
                Route("/metrics", self._metrics),
            ]
        )

    async def _hook(self, request: Request) -> Response:
        name = request.path_params["name"]
        sender = self.senders.get(name)
        if sender is None:
            self.metrics.hook("unknown", "unauthorized")
            return _answer(404, "nobody may send hooks to this address")
        outcome, response = await self._taken(request, sender)
        self.metrics.hook(sender.system, outcome)
        return response

    async def _taken(self, request: Request, sender: Sender) -> tuple[str, Response]:
        try:
            body = await _body(request, self.max_body)
        except _TooLarge:
            return "too_large", _answer(413, f"a hook has {self.max_body} bytes at most")
        except (TimeoutError, ClientDisconnect):
            return "broken_off", _answer(408, "the body did not come")
        kept: Kept
        try:
            token = request.path_params.get("token", "")
            kept = read(sender, request.headers, body, token, self.clock.now())
        except Unsigned as error:
            self._refused(sender.system, error.what)
            return ("expired" if error.expired else "unauthorized"), _answer(401, "not signed as agreed")
        except TooDeep:
            return "too_deep", _answer(400, "nested too deep")
        except Ignored:
            return "ignored", _answer(202, "nothing to be done")
        except Unreadable as error:
            kept = sender.system, Poison("?", str(error), body[:_RAW].decode(errors="replace"))
            log.warning("a hook cannot be understood and was parked", system=sender.system, reason=str(error))
        return await self._stored(kept)

    async def _stored(self, kept: Kept) -> tuple[str, Response]:
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self.writer.put(kept)
        except Full:
            return "busy", _later("too many hooks at once")
        except TimeoutError:
            return "busy", _later("the store is busy")
        except NotStored:
            return "failed", _later("it could not be stored")
        return ("parked", _PARKED) if isinstance(kept, tuple) else ("accepted", _ACCEPTED)

    def _refused(self, system: str, reason: str) -> None:
        now = time.monotonic()
        if now - self.told.get(system, now - TELL_SECONDS) >= TELL_SECONDS:
            self.told[system] = now
            log.warning("a hook was refused; others of this minute are only counted", system=system, reason=reason)

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"alive": True})

    def _ready(self, _request: Request) -> Response:
        reasons = self.unready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    def _metrics(self, _request: Request) -> Response:
        return Response(self.metrics.text(), media_type=CONTENT_TYPE)


async def _body(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _TooLarge
    chunks, size = [], 0
    async with asyncio.timeout(BODY_SECONDS):
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise _TooLarge
            chunks.append(chunk)
    return b"".join(chunks)


def _answer(status: int, said: str, **headers: Any) -> Response:
    return JSONResponse({"message": said}, status, headers)


def _later(said: str) -> Response:
    return JSONResponse({"message": said}, 503, {"Retry-After": RETRY_AFTER})


_ACCEPTED = _answer(202, "stored")
_PARKED = _answer(202, "stored, but not understood")
