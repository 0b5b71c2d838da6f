"""Ways to log in to an HTTP interface."""

from __future__ import annotations

import threading
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from bridge.model.errors import AuthenticationFailed
from bridge.ports import Clock
from bridge.sources.connection import ConnectionOptions, read_secret
from bridge.sources.http.auth_options import Auth, BasicAuth, BearerAuth, HeaderAuth, OAuth2
from bridge.sources.http_session import HttpSession

_USUAL = 300.0
_EARLY = 30.0
"""Seconds before its end at which an access token counts as expired."""


class HeaderValue(AuthBase):
    """Sets one header."""

    def __init__(self, header: str, value: str) -> None:
        self._header = header
        self._value = value.encode()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self._header] = self._value  # type: ignore[assignment]  # bytes keep non-ASCII as it is
        return request


class AccessToken(AuthBase):
    """Gets an access token when there is none that is good, for all threads together."""

    def __init__(self, options: OAuth2, connection: ConnectionOptions, name: str, clock: Clock) -> None:
        secret = read_secret(options.client_secret, options.client_secret_file, f"source {name}: auth.client_secret")
        self._session = HttpSession(connection, name, clock, HTTPBasicAuth(options.client_id.encode(), secret.encode()))
        self._options = options
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    @property
    def requests(self) -> int:
        """How many tokens were asked for."""
        return self._session.requests

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        with self._lock:
            if not self._token or self._clock.now().timestamp() >= self._until:
                self._renew()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def forget(self) -> None:
        """The token was refused: the next request gets a new one."""
        with self._lock:
            self._token = ""

    def _renew(self) -> None:
        form = {"grant_type": "client_credentials", **self._options.extra}
        if self._options.scope:
            form["scope"] = self._options.scope
        answer = self._session.exchange("POST", self._options.token_url, data=form)
        if answer.status in {400, 401, 403}:
            what = f"no access token: HTTP {answer.status}: {answer.message()}"
            raise AuthenticationFailed(answer.where, what, "Check client_id, client_secret and scope.")
        if answer.status >= 300:
            raise self._session.error(answer)
        granted = answer.json()
        token = granted.get("access_token") if isinstance(granted, dict) else None
        if not isinstance(token, str) or not token:
            raise AuthenticationFailed(answer.where, "the answer has no access_token.", "Check token_url.")
        self._token = token
        self._until = self._clock.now().timestamp() + _seconds(granted.get("expires_in")) - _EARLY


def _seconds(told: Any) -> float:
    """How long a token is good; five minutes where that is not told in seconds, for a refused one is renewed anyway."""
    try:
        return float(told or _USUAL)
    except (TypeError, ValueError):
        return _USUAL


def build_auth(options: Auth, connection: ConnectionOptions, name: str, clock: Clock) -> AuthBase | None:
    """What adds the credentials to requests. Raises ConfigurationError when a secret is missing."""
    where = f"source {name}: auth"
    match options:
        case BasicAuth():
            password = read_secret(options.password, options.password_file, f"{where}.password")
            return HTTPBasicAuth(options.user.encode(), password.encode())
        case BearerAuth():
            token = read_secret(options.token, options.token_file, f"{where}.token")
            return HeaderValue("Authorization", f"Bearer {token}")
        case HeaderAuth():
            value = read_secret(options.value, options.value_file, f"{where}.value")
            return HeaderValue(options.header, options.prefix + value)
        case OAuth2():
            return AccessToken(options, connection, name, clock)
        case _:
            return None
