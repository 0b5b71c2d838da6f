"""What a request handler of the sandbox's incident system gets, and how it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.sandbox.http import Request, Response, json_response
from bridge.sandbox.itsm import times
from bridge.sandbox.itsm.model import Agent, Change, Incident, State

_STATUSES = {"unauthorized": 401, "not_found": 404, "bad_request": 400}


class RefusedError(Exception):
    """HTTP 200 with ok false, or a status of its own where the sandbox is strict."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self, *, strict: bool) -> Response:
        data = {"ok": False, "error": {"code": self.code, "message": self.message}}
        return json_response(data, _STATUSES.get(self.code, 422) if strict else 200)


@dataclass(slots=True)
class Context:
    """One request by `agent` at `now` (whole seconds)."""

    request: Request
    state: State
    agent: Agent
    now: datetime

    def body(self) -> dict[str, Any]:
        data = json.loads(self.request.body or b"{}")
        if not isinstance(data, dict):
            raise RefusedError("bad_request", "the body has to be an object")
        return data

    def find(self, key: str) -> Incident:
        if incident := self.state.incident(key):
            return incident
        raise RefusedError("not_found", f"there is no incident {key}")

    def time(self, moment: datetime | None) -> str | int | None:
        """In the form the request or the settings ask for."""
        settings = self.state.settings
        asked = self.request.query.get("time_format") or self.request.headers.get("x-time-format")
        form = asked if asked in times.FORMATS else settings.time_format
        return times.write(moment, form, settings.time_zone)

    def since(self, name: str) -> datetime | None:
        text = self.request.query.get(name)
        if not text:
            return None
        try:
            return times.read(text, self.state.settings.time_zone)
        except ValueError as error:
            raise RefusedError("bad_request", f"{name}: {text!r} is no time") from error

    def number(self, name: str, default: int) -> int:
        text = self.request.query.get(name, "")
        return int(text) if text.isdigit() else default

    def changed(
        self, incident: Incident, kind: str, field: str = "", old: str | None = None, new: str | None = None
    ) -> None:
        """Adds a row to the history and moves updated_at."""
        number = self.state.next_id("change")
        self.state.add_change(Change(number, incident.id, self.now, self.agent.login, kind, field, old, new))
        incident.updated_at = self.now


def ok(data: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return json_response({"ok": True, **data}, status, headers)
