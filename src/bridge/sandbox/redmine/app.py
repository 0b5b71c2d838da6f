"""The sandbox's Redmine as one application: who asks, which route, and the answer with Redmine's headers."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from http import HTTPStatus
from typing import Any

from bridge.sandbox.clock import Clock
from bridge.sandbox.http import Request, Response, Router
from bridge.sandbox.redmine import (
    dump,
    issues,
    memberships,
    meta,
    pages,
    projects,
    relations,
    seed,
    time_entries,
    uploads,
    users,
    versions,
    wiki,
)
from bridge.sandbox.redmine.access import Access, authenticate
from bridge.sandbox.redmine.context import AbortError, Context
from bridge.sandbox.redmine.model import User

VERSIONS = ("5.0", "5.1", "6.0", "6.1")
"""Of Redmine; what is between two of them behaves as the first."""

_PARTS = (issues, relations, projects, memberships, versions, wiki, users, meta, time_entries, uploads)


class RedmineApp:
    """`version` is that of the Redmine played, e.g. "5.0" or "6.1"."""

    name = "redmine"

    def __init__(self, clock: Clock, version: str = "5.0") -> None:
        self.clock = clock
        self.version = tuple(int(part) for part in version.split("."))
        self.lower_case_headers = self.version >= (6,)
        self._lock = threading.RLock()
        self._api = Router(route for part in _PARTS for route in part.ROUTES)
        self._pages = Router(pages.ROUTES)
        self.state = seed.state(clock.now(), self.version)

    def reset(self) -> None:
        with self._lock:
            self.state = seed.state(self.clock.now(), self.version)

    def dump(self, *, times: bool = False) -> dict[str, Any]:
        with self._lock:
            return dump.whole(self.state, times=times)

    def handle(self, request: Request) -> Response:
        with self._lock:
            try:
                user = self._user(request)
                request.user = user.login
                return self._tagged(request, self._answer(request, user))
            except AbortError as abort:
                return abort.response()
            except json.JSONDecodeError:
                return Response(400, b"", "text/html; charset=utf-8")

    def pretend(self, request: Request) -> Response:
        with self._lock:
            kept, self.state = self.state, copy.deepcopy(self.state)
            try:
                return self.handle(request)
            finally:
                self.state = kept

    def _user(self, request: Request) -> User:
        """X-Redmine-Switch-User counts for admins only; to others it means nothing."""
        user = authenticate(self.state, request.headers, request.query)
        other = request.headers.get("x-redmine-switch-user")
        if other and user.admin:
            switched = self.state.user_by_login(other)
            if switched is None or switched.locked:
                raise AbortError(412)
            return switched
        return user

    def _answer(self, request: Request, user: User) -> Response:
        access = Access(self.state)
        context = Context(request, self.state, user, access, self.clock, self.version)
        if found := self._api.find(request.method, request.path):
            handler, arguments = found
            return handler(context, *arguments)
        is_api_wanted = "json" in request.headers.get("accept", "") or request.method != "GET"
        if not is_api_wanted and (found := self._pages.find("GET", request.path)):
            handler, arguments = found
            try:
                return handler(context, *arguments)
            except AbortError as abort:
                if abort.status != HTTPStatus.NOT_FOUND:
                    raise
                return pages.nothing()
        if is_api_wanted and self._api.find(request.method, f"{request.path}.json"):
            raise AbortError(406)
        return pages.nothing()

    def _tagged(self, request: Request, response: Response) -> Response:
        """GET answers carry an ETag, and If-None-Match is honoured with 304."""
        if request.method not in {"GET", "HEAD"} or response.status != 200:
            return response
        tag = f'W/"{hashlib.md5(response.body, usedforsecurity=False).hexdigest()}"'
        response.headers["ETag"] = tag
        if request.headers.get("if-none-match") == tag:
            return Response(304, b"", "", response.headers)
        return response

    def answer_headers(self, response: Response) -> list[tuple[str, str]]:
        private = "max-age=0, private, must-revalidate" if response.status == 200 else "no-cache"
        return [("X-Content-Type-Options", "nosniff"), ("Cache-Control", private)]
