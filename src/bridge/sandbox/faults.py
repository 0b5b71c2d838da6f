"""Faults on demand: what the network and the servers do when they do not do what they should."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.http import App, Request, Response, json_response

KINDS = (
    "timeout",
    "reset",
    "status",
    "malformed",
    "ignore",
    "empty_422",
    "slow",
    "after_reset",
    "after_timeout",
)


@dataclass(slots=True)
class Fault:
    """`method` ("*" for any) and `path` (a regular expression searched in path?query) choose requests; the first `skip`
    of them pass, the next `times` (None: all) are struck.

    timeout        holds the request for `seconds`, then drops the connection; nothing is done
    reset          drops the connection at once; nothing is done
    status         answers `code`, `headers`, `body`; nothing is done
    malformed      does it, and cuts the answer in half
    ignore         answers success and does nothing; with `fields`, only these fields of the body are ignored
    empty_422      answers Redmine's collision, 422 {"errors":[]}; nothing is done
    slow           waits `seconds`, then does it
    after_reset    does it, then drops the connection
    after_timeout  does it, holds the answer for `seconds`, then drops the connection
    """

    kind: str
    app: str = ""
    method: str = "*"
    path: str = ""
    times: int | None = 1
    skip: int = 0
    seconds: float = 30.0
    code: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    fields: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}: one of {', '.join(KINDS)}")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path {self.path!r}: {error}") from error

    def matches(self, app: str, request: Request) -> bool:
        if (self.app and self.app != app) or self.times == 0:
            return False
        target = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
        return self.method in {"*", request.method} and re.search(self.path, target) is not None


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, **options: Any) -> Fault:
        """Raises TypeError or ValueError for unknown options, kinds and broken patterns."""
        fault = Fault(**options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, app: str, request: Request) -> Fault | None:
        """The fault that strikes this request; counts it."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(app, request):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


def strike(fault: Fault, app: App, request: Request, wait: Callable[[float], object]) -> Response | None:
    """The answer to a struck request; None: the connection is to be dropped."""
    plain: Mapping[str, Callable[[], Response | None]] = {
        "reset": lambda: None,
        "status": lambda: _status(fault),
        "malformed": lambda: _cut(app.handle(request)),
        "ignore": lambda: _ignore(fault, app, request),
        "empty_422": lambda: json_response({"errors": []}, 422),
    }
    if fault.kind in plain:
        return plain[fault.kind]()
    if fault.kind == "slow":
        wait(fault.seconds)
        return app.handle(request)
    if fault.kind.startswith("after_"):
        app.handle(request)
    if fault.kind.endswith("timeout"):
        wait(fault.seconds)
    return None


def _status(fault: Fault) -> Response:
    kind = "application/json; charset=utf-8" if fault.body[:1] in {"{", "["} else "text/html; charset=utf-8"
    headers = {name: value for name, value in fault.headers.items() if name.lower() != "content-type"}
    kind = next((value for name, value in fault.headers.items() if name.lower() == "content-type"), kind)
    return Response(fault.code, fault.body.encode(), kind, headers)


def _cut(response: Response) -> Response:
    response.body = response.body[: len(response.body) // 2] or b'{"'
    response.content_type = response.content_type or "application/json; charset=utf-8"
    if response.status == 204:
        response.status = 200
    return response


def _ignore(fault: Fault, app: App, request: Request) -> Response:
    if not fault.fields:
        return app.pretend(request)
    request.body = without_fields(request.body, fault.fields)
    return app.handle(request)


def without_fields(body: bytes, fields: list[str]) -> bytes:
    """The JSON body without these keys, at the top and one level below it."""
    data = json.loads(body or b"{}")
    if isinstance(data, dict):
        for level in (data, *(value for value in data.values() if isinstance(value, dict))):
            for name in fields:
                level.pop(name, None)
    return json.dumps(data).encode()
