"""What the gateway to Redmine has to be told: the keys under `redmine:` of the settings file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.model.errors import ConfigurationError, Problem

Formatting = Literal["textile", "markdown", "common_mark"]


class RedmineOptions(BaseModel):
    """How to reach a Redmine and how it is set up. Times are in seconds and hold for each request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    """Address of Redmine's start page, without /login or /projects; may have a path."""
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    """The key of the bridge's own account (not an administrator), here or as the first line of a file."""
    parent_project: str = Field(min_length=1)
    """Identifier of the project below which the bridge opens its own."""
    intake_project: str = ""
    """Identifier of the project where candidates are decided and people nominate; without it, the command line."""
    version: str = ""
    """Such as "5.0" or "6.0.5"; REST does not show it. Decides whether `creator_role` matters (from 5.1)."""
    creator_role: str = ""
    """The role in Administration → Settings → Projects that a non-admin gets in a project they create."""
    correlation_field: str = ""
    """An issue custom field (text, used as a filter) that holds the origin of what the bridge creates."""
    custom_field_ids: dict[str, int] = Field(default_factory=dict)
    """Ids by name of issue custom fields that Redmine 5.0 does not show to a non-admin (“for all projects”)."""
    text_formatting: Formatting = "textile"
    """Administration → Settings → General → Text formatting; decides how the bridge marks its part of a wiki page."""
    tracker_names: tuple[str, ...] = ()
    status_names: tuple[str, ...] = ()
    priority_names: tuple[str, ...] = ()
    role_names: tuple[str, ...] = ()
    approver_role: str = ""
    """Names used elsewhere in the settings, which `check` is to look for."""
    connect_timeout: float = Field(5, gt=0)
    read_timeout: float = Field(30, gt=0)
    """The longest silence of the server."""
    total_timeout: float = Field(60, gt=0)
    """The longest a whole answer may take; keep it well below the lease of the queue."""
    requests_per_second: float | None = Field(None, gt=0)
    """Deliveries to Redmine per second; the queue keeps to it."""
    overlap: float = Field(10, ge=2)
    """How late a change may become visible in lists, clock differences included."""
    cache_seconds: float = Field(300, ge=0)
    """How long names, ids and rights are believed before they are read again."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    proxies: dict[str, str] = Field(default_factory=dict)
    """Proxy by scheme (`http`, `https`). The proxy variables of the environment never apply."""

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not re.match(r"https?://[^/\s?#@]+(/[^\s?#]*)?$", value):
            raise ValueError("must be http:// or https:// and a host, without query, fragment or password")
        return value.rstrip("/")

    @field_validator("version")
    @classmethod
    def _known_version(cls, value: str) -> str:
        if value and not re.match(r"\d+\.\d+", value):
            raise ValueError('must begin like "5.0"')
        return value

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.api_key is not None and self.api_key_file is not None:
            raise ValueError("give api_key or api_key_file, not both")
        return self

    def key(self) -> str:
        """The API key. Raises ConfigurationError when there is none, none can be, or its file cannot be read."""
        if self.api_key is not None:
            return _sendable(self.api_key.get_secret_value(), "redmine.api_key")
        try:
            text = self.api_key_file.read_text(encoding="utf-8-sig").strip() if self.api_key_file else ""
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            problem = Problem("redmine.api_key_file", f"cannot be read: {reason}", "Check path and rights.")
            raise ConfigurationError([problem]) from error
        if not text:
            what = f"the file {self.api_key_file} is empty" if self.api_key_file else "there is no API key"
            advice = "set redmine.api_key_file (or api_key), or BRIDGE_REDMINE__API_KEY in the environment"
            raise ConfigurationError([Problem("redmine.api_key", what, advice)])
        return _sendable(text.splitlines()[0].strip(), "redmine.api_key_file")

    @property
    def publicity_is_a_right(self) -> bool:
        """Whether `is_public` needs the permission select_project_publicity (Redmine 5.1; assumed when unknown)."""
        parts = re.match(r"(\d+)\.(\d+)", self.version)
        return parts is None or (int(parts[1]), int(parts[2])) >= (5, 1)


def _sendable(key: str, where: str) -> str:
    """The key. Raises ConfigurationError for one that no header can carry, without showing it."""
    if key.isascii() and key.isprintable():
        return key
    what = "the API key has characters that no key has"
    raise ConfigurationError([Problem(where, what, "copy it anew from Redmine: My account, API access key")])
