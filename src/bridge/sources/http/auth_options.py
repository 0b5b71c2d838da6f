"""Options that say how to log in to an HTTP interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from bridge.sources.connection import STRICT


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
