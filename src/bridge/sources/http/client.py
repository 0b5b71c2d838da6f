"""The configured requests: filled, sent, and their answers checked for errors that hide behind a 200."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bridge.model.conflict import ClockOffset
from bridge.model.errors import (
    AuthenticationFailed,
    BridgeError,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    RemoteUnavailable,
)
from bridge.ports import Clock
from bridge.sources.http.auth import AccessToken, build_auth
from bridge.sources.http.calls import ListRequest, Request
from bridge.sources.http.options import ErrorSign, HttpOptions, Meaning
from bridge.sources.http.paths import compile_path
from bridge.sources.http_session import Answer, HttpSession
from bridge.sources.templates import Values, fill, fill_path, fill_text

_MEANINGS: dict[Meaning, tuple[type[BridgeError], str]] = {
    Meaning.AUTHENTICATION: (AuthenticationFailed, "Check the token or password, and whether it has expired."),
    Meaning.FORBIDDEN: (Forbidden, "Give the bridge's account the right to do this."),
    Meaning.NOT_FOUND: (NotFound, ""),
    Meaning.RATE_LIMITED: (RateLimited, "It is tried again later."),
    Meaning.UNAVAILABLE: (RemoteUnavailable, "It is tried again."),
}


class HttpClient:
    """Sends the requests of one source."""

    def __init__(self, name: str, options: HttpOptions, clock: Clock) -> None:
        self._auth = build_auth(options.auth, options, name, clock)
        self._session = HttpSession(options, name, clock, self._auth, options.headers)
        self._name = name
        self._base = options.base_url
        self._signs = [(sign, compile_path(sign.when), compile_path(sign.message)) for sign in options.errors]

    @property
    def requests(self) -> int:
        """How many requests were sent so far, those for access tokens too."""
        tokens = self._auth.requests if isinstance(self._auth, AccessToken) else 0
        return self._session.requests + tokens

    @property
    def server_clock(self) -> ClockOffset | None:
        """The system's clock against ours, as its answers dated themselves."""
        return self._session.server_clock.offset

    def call(
        self,
        request: Request,
        values: Values,
        params: Mapping[str, Any] | None = None,
        limit: int | None = None,
        **content: Any,
    ) -> Answer:
        """Sends a request, with `content` (`files`, `data`) beside what it has itself.

        Raises the typed error for a bad status, a sign of an error in the body, or more than `limit` bytes.
        """
        sent = _content(request, values)
        sent["params"] = {**{k: fill_text(v, values) for k, v in request.params.items()}, **(params or {})}
        if limit is not None:
            sent["limit"] = limit
        return self._send(request.method, self._base + fill_path(request.path, values), {**sent, **content})

    def follow(self, request: ListRequest, values: Values, address: str) -> Answer:
        """Gets the next page from an address that an answer gave, with the request's headers and body.

        Raises RemoteUnavailable for one elsewhere.
        """
        if urlsplit(address)[:2] != urlsplit(self._base)[:2]:
            what = f"the next page is said to be at {urlsplit(address).netloc}, to which no credentials are sent."
            raise RemoteUnavailable(f"{self._name} {request.path}", what, "Does the system know its own address?")
        return self._send(request.method, address, _content(request, values))

    def _send(self, method: str, url: str, sent: dict[str, Any]) -> Answer:
        answer, error = self._try(method, url, sent)
        if isinstance(error, AuthenticationFailed) and isinstance(self._auth, AccessToken):
            self._auth.forget()
            answer, error = self._try(method, url, sent)
        if error is not None:
            raise error
        return answer

    def _try(self, method: str, url: str, sent: dict[str, Any]) -> tuple[Answer, BridgeError | None]:
        answer = self._session.exchange(method, url, **sent)
        return answer, self._told(answer) or (self._session.error(answer) if answer.status >= 300 else None)

    def _told(self, answer: Answer) -> BridgeError | None:
        """The error that the body tells."""
        if not self._signs:
            return None
        try:
            value = answer.value
        except ValueError:
            return None
        with understood(answer):
            for sign, when, message in self._signs:
                found = when(value)
                if found == sign.equals if sign.equals is not None else found:
                    return _error(sign, answer, message(value))
        return None


@contextmanager
def understood(answer: Answer) -> Iterator[None]:
    """Raises RemoteUnavailable where an expression of the options cannot be applied to an answer."""
    try:
        yield
    except ValueError as error:
        what = f"the answer is not as the options say: {error}. It begins with {answer.body[:200]!r}."
        raise RemoteUnavailable(
            answer.where, what, "Is it an error in disguise (`errors`)? Else correct the options."
        ) from error


def _content(request: Request, values: Values) -> dict[str, Any]:
    """A request's headers and body."""
    sent: dict[str, Any] = {}
    if request.headers:
        sent["headers"] = {key: fill_text(value, values).encode() for key, value in request.headers.items()}
    if request.form:
        sent["data"] = {key: _form_value(fill(value, values)) for key, value in request.form.items()}
    elif request.body is not None:
        sent["json"] = fill(request.body, values)
    return sent


def _form_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _error(sign: ErrorSign, answer: Answer, message: Any) -> BridgeError:
    said = str(message) if message else answer.message()
    if sign.means is Meaning.REJECTED:
        return Rejected(answer.where, (said,))
    kind, advice = _MEANINGS[sign.means]
    return kind(answer.where, f"{said} (HTTP {answer.status})", advice)
