"""What the settings file may say about hooks: who may send them, and how far they are relied on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bridge.model.errors import ConfigurationError, Problem
from bridge.rules.durations import Duration
from bridge.secret_files import first_line, misplaced
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)
SHORTEST_SECRET = 16


class HookSecrets(BaseModel):
    """The secret that a sender signs with, here or as the first line of a file.

    While it is changed the previous one is accepted too.
    """

    model_config = STRICT

    secret: SecretStr | None = None
    secret_file: Path | None = None
    previous_secret: SecretStr | None = None
    previous_secret_file: Path | None = None

    def secrets(self, where: str) -> tuple[bytes, ...]:
        """Every secret that is accepted now. Raises ConfigurationError when there is none, or one is too short."""
        found = []
        for name in ("secret", "previous_secret"):
            given, file = getattr(self, name), getattr(self, f"{name}_file")
            if given is not None and file is not None:
                raise misplaced(f"{where}.{name}", f"give {name} or {name}_file, not both", "remove one of them")
            if given is None and file is None:
                continue
            text = first_line(file, f"{where}.{name}_file") if file else given.get_secret_value()
            if len(text) < SHORTEST_SECRET:
                what = f"has {len(text)} characters"
                raise misplaced(
                    f"{where}.{name}", what, f"make it {SHORTEST_SECRET} or more, by chance: openssl rand -hex 32"
                )
            found.append(text.encode())
        if not found:
            variable = f"BRIDGE_{where.replace('.', '__').replace('-', '_').upper()}__SECRET"
            raise misplaced(where, "“secret” is missing", f"set {where}.secret_file, or {variable} in the environment")
        return tuple(found)


class RedmineHooks(HookSecrets):
    """Who sends: Redmine 7 itself, or the plugin redmine_webhook, which signs nothing and gives the secret away."""

    format: Literal["redmine", "plugin"] = "redmine"


class HookSettings(BaseModel):
    """The hook receiver, which also tells health and metrics. `listen` is an address and a port; put TLS before it.

    `max_body` in bytes, `queue` in hooks that wait for their commit, `window` is how old a signature may be, `keep`
    how long a delivery is remembered, so that the same one is not taken twice. `poll_seconds` is how often a system is
    polled while its last `trust_after` changes came by hook; `silent_after` changes in a row without one are told.
    `grace_seconds`: a hook may come so much later than the poll that found the same change.
    """

    model_config = STRICT

    listen: str = "127.0.0.1:8765"
    redmine: RedmineHooks | None = None
    sources: dict[str, HookSecrets] = Field(default_factory=dict)
    max_body: int = Field(1_048_576, ge=1024, le=64 * 1_048_576)
    queue: int = Field(1000, ge=1, le=100_000)
    window: Duration = timedelta(minutes=5)
    keep: Duration = timedelta(days=7)
    poll_seconds: float = Field(300, ge=0.2, le=86_400)
    trust_after: int = Field(3, ge=1)
    silent_after: int = Field(5, ge=1)
    grace_seconds: float = Field(30, ge=0, le=3600)

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise refused(f"“{value[:60]}” is no address to listen on", "right would be 127.0.0.1:8765 or [::]:8765")
        return value

    @field_validator("keep")
    @classmethod
    def _longer_than_a_day(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1):
            raise refused("is too short", "1d or more: a hook that is sent again must be recognised")
        return value

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; port 0 is a free one."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def problems(self, sources: Iterable[str]) -> list[Problem]:
        """Secrets that are missing, unreadable or too short, and senders that are no source. `sources` by name."""
        found: list[Problem] = []
        named = set(sources)
        for where, _, secrets in self.senders():
            try:
                secrets.secrets(where)
            except ConfigurationError as error:
                found += error.problems
        for name in sorted(self.sources.keys() - named):
            found.append(
                Problem(f"hooks.sources.{name}", "there is no such source", f"there is {', '.join(sorted(named))}")
            )
        if "redmine" in self.sources:
            what = "a source of this name cannot send hooks, for their address is Redmine's"
            found.append(Problem("hooks.sources.redmine", what, "give the source another name"))
        return found

    def senders(self) -> list[tuple[str, str, HookSecrets]]:
        """(place in the settings, source's name or "" for Redmine, secrets) of everybody who may send."""
        redmine: list[tuple[str, str, HookSecrets]] = [("hooks.redmine", "", self.redmine)] if self.redmine else []
        return redmine + [(f"hooks.sources.{name}", name, found) for name, found in self.sources.items()]
