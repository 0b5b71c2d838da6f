"""The sandbox's incident system as one application."""

from __future__ import annotations

import copy
import json
import re
import threading
from dataclasses import replace
from typing import Any

from bridge.sandbox.clock import Clock, iso
from bridge.sandbox.http import Request, Response, Router, json_response
from bridge.sandbox.itsm import files, incidents, notes, pages, rfcs
from bridge.sandbox.itsm.context import Context, RefusedError
from bridge.sandbox.itsm.model import Agent, Incident, Rfc, Settings, State, seed

_NOBODY = Agent("", "", "", "")
_HOST = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+")
# Redmine's ids in links and notes depend on the order of a run, this system's own do not.
_REDMINE_ID = re.compile(r"/issues/\d+")


class ItsmApp:
    name = "itsm"
    lower_case_headers = False

    def __init__(self, clock: Clock, settings: Settings | None = None) -> None:
        self.clock = clock
        self._settings = settings or Settings()
        self._lock = threading.RLock()
        self._api = Router((*incidents.ROUTES, *notes.ROUTES, *files.ROUTES, *rfcs.ROUTES))
        self._pages = Router(pages.ROUTES)
        self.state: State = seed(replace(self._settings))

    def reset(self) -> None:
        with self._lock:
            self.state = seed(replace(self._settings))

    def handle(self, request: Request) -> Response:
        with self._lock:
            try:
                return self._answer(request)
            except RefusedError as refused:
                return refused.response(strict=self.state.settings.strict)
            except (json.JSONDecodeError, UnicodeDecodeError):
                error = {"code": "bad_request", "message": "the body is no JSON"}
                return json_response({"ok": False, "error": error}, 400)

    def pretend(self, request: Request) -> Response:
        with self._lock:
            kept, self.state = self.state, copy.deepcopy(self.state)
            try:
                return self.handle(request)
            finally:
                self.state = kept

    def _answer(self, request: Request) -> Response:
        now = self.clock.now().replace(microsecond=0)
        if found := self._pages.find(request.method, request.path):
            handler, arguments = found
            try:
                return handler(Context(request, self.state, _NOBODY, now), *arguments)
            except RefusedError:
                return pages.nothing()
        found = self._api.find(request.method, request.path)
        if found is None:
            if request.method == "GET" and "html" in request.headers.get("accept", ""):
                return pages.nothing()
            error = {"code": "no_such_path", "message": f"{request.method} {request.path}"}
            return json_response({"ok": False, "error": error}, 404)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        agent = self.state.by_token(token.strip()) if scheme.lower() in {"bearer", "token"} else None
        if agent is None:
            raise RefusedError("unauthorized", "this token is not known")
        request.user = agent.login
        handler, arguments = found
        return handler(Context(request, self.state, agent, now), *arguments)

    def answer_headers(self, response: Response) -> list[tuple[str, str]]:
        return [("Cache-Control", "no-store")] if response.status else []

    def dump(self, *, times: bool = False) -> dict[str, Any]:
        with self._lock:
            return {
                "incidents": [self._dumped(row, times=times) for row in self.state.incidents.values()],
                "rfcs": [_dumped_rfc(rfc, times=times) for rfc in self.state.rfcs.values()],
            }

    def _dumped(self, row: Incident, *, times: bool) -> dict[str, Any]:
        """In the order of ids. Notes and history in the order of writing."""
        left_out = {"id", "notes", "links", "files", "work", "related"} | set(() if times else _TIMES)
        names = (name for name in Incident.__slots__ if name not in left_out)
        data = {name: _plain(getattr(row, name)) for name in names}
        data["notes"] = [f"{note.author} {note.visibility}: {_plain(note.text)}" for note in row.notes]
        data["links"] = [f"{link.created_by}: {_plain(link.url)} {_plain(link.title)}" for link in row.links]
        data["files"] = [f"{file.author} {file.visibility}: {file.name} {len(file.content)}" for file in row.files]
        data["work"] = [f"{work.author} {work.day}: {work.minutes}" for work in row.work]
        data["related"] = sorted(row.related)
        data["history"] = [
            f"{change.by} {change.kind} {change.field}"
            + ("" if change.kind == "note" else f": {_plain(change.old)} -> {_plain(change.new)}")
            for change in self.state.changes_of(row.id)
        ]
        return data


_TIMES = ("created_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at")


def _dumped_rfc(rfc: Rfc, *, times: bool) -> dict[str, Any]:
    names = (name for name in Rfc.__slots__ if times or name not in _TIMES)
    return {name: _plain(getattr(rfc, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _REDMINE_ID.sub("/issues/N", _HOST.sub("http://host", value))
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in sorted(value.items())}
    return iso(value) if hasattr(value, "tzinfo") else value
