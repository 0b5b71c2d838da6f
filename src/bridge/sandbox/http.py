"""What passes between the HTTP server and the sandbox applications."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol


@dataclass(slots=True)
class Request:
    """`query` has the last value of each parameter, `headers` lower-case names; the app fills in the `user`."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    raw_query: str = ""
    user: str = ""
    client: str = "127.0.0.1"


@dataclass(slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Response]
# method, regular expression on the path, handler
Route = tuple[str, str, Handler]


class App(Protocol):
    """One of the two applications behind a server."""

    name: str
    lower_case_headers: bool

    def handle(self, request: Request) -> Response: ...

    def pretend(self, request: Request) -> Response:
        """Answers as if the request had been carried out, and keeps nothing of it."""
        ...

    def answer_headers(self, response: Response) -> list[tuple[str, str]]:
        """Headers every answer of this application carries besides its own."""
        ...

    def reset(self) -> None:
        """Back to the seed."""
        ...

    def dump(self, *, times: bool = False) -> dict[str, Any]:
        """The whole state in canonical order, without volatile ids; times only when asked for."""
        ...


class Router:
    """Routes by method and by regular expression on the decoded path; groups become the handler's arguments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, list[tuple[re.Pattern[str], Handler]]] = {}
        for method, pattern, handler in routes:
            self._routes.setdefault(method, []).append((re.compile(pattern), handler))

    def find(self, method: str, path: str) -> tuple[Handler, tuple[str, ...]] | None:
        """HEAD is answered by the handlers of GET."""
        for pattern, handler in self._routes.get("GET" if method == "HEAD" else method, ()):
            if match := pattern.fullmatch(path):
                return handler, match.groups()
        return None


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), "application/json; charset=utf-8", dict(headers or {}))


def html_response(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), "text/html; charset=utf-8")


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
