"""Ways to log in to an HTTP interface."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from bridge.model.errors import AuthenticationFailed
from bridge.ports import Clock
from bridge.sources.connection import STRICT, ConnectionOptions, read_secret
from bridge.sources.http_session import HttpSession

_EARLY = 30.0
"""Seconds before its end at which an access token counts as expired."""


class NoAuth(BaseModel):
    """Requests carry no credentials."""

    model_config = STRICT

    type: Literal["none"] = "none"


class BasicAuth(BaseModel):
    """User name and password with each request."""

    model_config = STRICT

    type: Literal["basic"]
    user: str
    password: SecretStr | None = None
    password_file: Path | None = None


class BearerAuth(BaseModel):
    """`Authorization: Bearer …` with each request."""

    model_config = STRICT

    type: Literal["bearer"]
    token: SecretStr | None = None
    token_file: Path | None = None


class HeaderAuth(BaseModel):
    """A header of any name; `prefix` stands before the value."""

    model_config = STRICT

    type: Literal["header"]
    header: str
    prefix: str = ""
    value: SecretStr | None = None
    value_file: Path | None = None


class OAuth2(BaseModel):
    """OAuth 2 client credentials; the access token is kept until it expires, and renewed once when it is refused."""

    model_config = STRICT

    type: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scope: str = ""
    extra: dict[str, str] = Field(default_factory=dict)


Auth = Annotated[NoAuth | BasicAuth | BearerAuth | HeaderAuth | OAuth2, Field(discriminator="type")]


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
        self._until = self._clock.now().timestamp() + float(granted.get("expires_in") or 300) - _EARLY


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
