"""What a request handler of the sandbox's Redmine gets, and the answers that end a request early."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.sandbox.clock import Clock, iso
from bridge.sandbox.http import Request, Response, json_response
from bridge.sandbox.redmine.access import Access
from bridge.sandbox.redmine.model import ARCHIVED, CustomField, Issue, Project, User
from bridge.sandbox.redmine.state import State
from bridge.sandbox.redmine.values import to_int


class AbortError(Exception):
    """Ends the request with this answer. Bodies of 4xx other than 422 are empty."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    def response(self) -> Response:
        if self.body is not None:
            return json_response(self.body, self.status)
        headers = {"WWW-Authenticate": 'Basic realm="Redmine API"'} if self.status == 401 else {}
        return Response(self.status, b"", "application/json", headers)


def not_found() -> AbortError:
    return AbortError(404)


def invalid(errors: list[str]) -> AbortError:
    return AbortError(422, {"errors": errors})


def server_error() -> AbortError:
    """A case that Redmine does not handle."""
    return AbortError(500, {"status": 500, "error": "Internal Server Error"})


NO_CONTENT = 204


@dataclass(slots=True)
class Context:
    """One request: who asks (`user`), what (`request`), of what (`state`), when (`now`)."""

    request: Request
    state: State
    user: User
    access: Access
    clock: Clock
    version: tuple[int, ...]

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def body(self) -> dict[str, Any]:
        """The JSON body; {} where it is missing or of another content type; malformed JSON is 400 with an HTML type."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json" or not self.request.body.strip():
            return {}
        data = json.loads(self.request.body)
        return data if isinstance(data, dict) else {}

    def params(self, root: str) -> dict[str, Any]:
        """The attributes below `root`; {} for anything that is no object."""
        attributes = self.body().get(root)
        return dict(attributes) if isinstance(attributes, dict) else {}

    def includes(self) -> set[str]:
        return {part.strip() for part in self.request.query.get("include", "").split(",")}

    def deny(self) -> AbortError:
        """403 to people, 401 to nobody."""
        return AbortError(403 if self.user.logged else 401)

    def require_login(self) -> None:
        if not self.user.logged:
            raise AbortError(401)

    def require_admin(self) -> None:
        self.require_login()
        if not self.user.admin:
            raise AbortError(403)

    def find_project(self, key: str) -> Project:
        """404 for an unknown project; rights are checked separately."""
        if project := self.state.project(key):
            return project
        raise not_found()

    def authorize(self, project: Project, *permissions: str) -> None:
        """One of the permissions is enough. An archived project is 403 to everybody."""
        if not any(self.access.allowed(self.user, permission, project) for permission in permissions):
            raise AbortError(403) if project.status == ARCHIVED else self.deny()

    def find_issue(self, key: str) -> Issue:
        """404 for an unknown issue, 403 (nobody: 401) for one that may not be seen."""
        issue = self.state.issues.get(int(key))
        if issue is None:
            raise not_found()
        if not self.access.issue_visible(self.user, issue):
            raise self.deny()
        return issue

    def page(self) -> tuple[int, int]:
        """(offset, limit): limit 1..100, else 25; `page` counts from 1 and works only without `offset`."""
        query = self.request.query
        limit = to_int(query.get("limit"))
        limit = 25 if limit < 1 else min(limit, 100)
        if "offset" in query:
            return max(to_int(query["offset"]), 0), limit
        return (max(to_int(query.get("page")), 1) - 1) * limit, limit

    def listing(self, key: str, rows: list[Any], render: Callable[[Any], Any]) -> Response:
        """One page of the rows, with total_count, offset and limit."""
        offset, limit = self.page()
        shown = [render(row) for row in rows[offset : offset + limit]]
        return json_response({key: shown, "total_count": len(rows), "offset": offset, "limit": limit})

    def created(self, data: Any, path: str) -> Response:
        return json_response(data, 201, {"Location": self.request.base_url + path})

    def at_least(self, *version: int) -> bool:
        return self.version >= version


def done() -> Response:
    """What PUT and DELETE answer: nothing."""
    return Response(NO_CONTENT)


def ref(thing: Any) -> dict[str, Any]:
    """The short form {"id", "name"} of a user, project, status and the like."""
    return {"id": thing.id, "name": thing.name}


def shown(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def custom_fields(ctx: Context, customized: str) -> list[CustomField]:
    """Those of projects, versions or time entries."""
    return [field for field in ctx.state.custom_fields.values() if field.customized == customized]


def custom_values(values: Iterable[tuple[Any, str | None]]) -> dict[str, Any]:
    """The custom_fields part of an answer; left out where there is no field at all."""
    fields = [{"id": field.id, "name": field.name, "value": value} for field, value in values]
    return {"custom_fields": fields} if fields else {}
