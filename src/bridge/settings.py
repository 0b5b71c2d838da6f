"""The settings: one YAML file, over it secret files, over both the environment."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridge.model.errors import ConfigurationError, Problem
from bridge.model.incident import State
from bridge.redmine.options import RedmineOptions
from bridge.sources.registry import options_of
from bridge.yamlfile import Marked, did_you_mean, load, validate

STRICT = ConfigDict(extra="forbid", frozen=True)
SHARED_SOURCE_KEYS = ("name", "kind", "start_from")
SECRETS_FOLDER_KEY = "secrets_folder"

Place = tuple[str | int, ...]


class StoreSettings(BaseModel):
    """Where the bridge keeps what it knows. A relative SQLite path counts from the settings file's folder."""

    model_config = STRICT

    url: str = "sqlite:///bridge.sqlite3"

    @field_validator("url")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must be sqlite:///path or postgresql://user@host/database")
        return url


class TrackerNames(BaseModel):
    """Names of Redmine trackers for what the bridge creates; empty: the project's first one."""

    model_config = STRICT

    root: str = ""
    task: str = ""
    incident: str = ""


class RedmineSettings(RedmineOptions):
    """How to reach Redmine, and its own words for what the bridge does there."""

    identifier_prefix: str = Field("ops", pattern=r"^[a-z][a-z0-9-]{0,20}$")
    delivered_statuses: tuple[str, ...] = Field(("Closed",), min_length=1)
    refused_statuses: tuple[str, ...] = ("Rejected",)
    statuses: dict[str, State] = Field(
        default_factory=lambda: {
            "New": State.NEW,
            "In Progress": State.IN_PROGRESS,
            "Feedback": State.ON_HOLD,
            "Resolved": State.RESOLVED,
            "Closed": State.RESOLVED,
        }
    )
    """The incident's state for an issue's status; a status that is not named is not carried over."""
    write_statuses: dict[State, str] = Field(
        default_factory=lambda: {
            State.NEW: "New",
            State.IN_PROGRESS: "In Progress",
            State.ON_HOLD: "Feedback",
            State.RESOLVED: "Closed",
            State.CANCELLED: "Rejected",
        }
    )
    """The issue's status for an incident's state."""
    trackers: TrackerNames = TrackerNames()
    priorities: dict[int, str] = Field(
        default_factory=lambda: {1: "Immediate", 2: "Urgent", 3: "High", 4: "Normal", 5: "Low"}
    )
    member_role: str = "Developer"

    def gateway(self) -> RedmineOptions:
        """What the gateway needs, with every name that its check is to look for."""
        names = self.trackers
        used = {
            "tracker_names": tuple(dict.fromkeys(filter(None, (names.root, names.task, names.incident)))),
            "status_names": tuple(
                dict.fromkeys(
                    [*self.delivered_statuses, *self.refused_statuses, *self.statuses, *self.write_statuses.values()]
                )
            ),
            "priority_names": tuple(dict.fromkeys(self.priorities.values())),
            "role_names": (self.member_role,),
        }
        return RedmineOptions(**{name: getattr(self, name) for name in RedmineOptions.model_fields} | used)


class LogSettings(BaseModel):
    """What is logged, and how."""

    model_config = STRICT

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """A configured source. `options` are its kind's; `start_from` is None for “now”."""

    name: str
    kind: str
    start_from: datetime | None
    options: BaseModel


class SourceHead(BaseModel):
    """What every entry of `sources` has, whatever its kind."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    kind: str
    start_from: Literal["now"] | datetime = "now"


class Settings(BaseModel):
    """Everything in the settings file. Paths are as written; `load_settings` makes them absolute.

    `poll_seconds` is how often both sides are polled, `workers` how many effects are delivered at a time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    version: Literal[1]
    instance: str = Field("prod", pattern=r"^[A-Za-z0-9_.-]{1,30}$")
    store: StoreSettings = StoreSettings()
    redmine: RedmineSettings
    sources: tuple[dict[str, Any], ...] = Field(min_length=1)
    rules: tuple[str, ...] = ("rules/*.yaml",)
    directory: Path = Path("directory.yaml")
    templates: Path | None = None
    language: str = "en"
    poll_seconds: float = Field(60, ge=0.2)
    workers: int = Field(4, ge=1, le=32)
    clock: str = "system"
    secrets_folder: Path | None = None
    log: LogSettings = LogSettings()

    @field_validator("clock")
    @classmethod
    def _loopback_only(cls, clock: str) -> str:
        if clock != "system" and not _is_loopback(urlsplit(clock).hostname or ""):
            raise ValueError("must be `system`, or the address of a sandbox's clock on this machine")
        return clock


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Environment(BaseSettings):
    """What the environment and the folder of secrets say, by the same names: `BRIDGE_REDMINE__API_KEY`.

    A source is named, not numbered: `BRIDGE_SOURCES__RT__TOKEN` is the token of the source `rt`.
    """

    model_config = SettingsConfigDict(env_prefix="BRIDGE_", env_nested_delimiter="__", extra="ignore")

    instance: str | None = None
    store: dict[str, Any] = {}
    redmine: dict[str, Any] = {}
    sources: dict[str, dict[str, Any]] = {}
    language: str | None = None
    poll_seconds: str | None = None
    workers: str | None = None
    clock: str | None = None
    log: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings ready for use: paths absolute, every source with its options."""

    settings: Settings
    sources: tuple[SourceSettings, ...]
    folder: Path


def load_settings(path: Path) -> tuple[Loaded | None, list[Problem]]:
    """Reads the settings file, secret files and the environment; all problems at once, never raises for content."""
    marked, problems = load(path)
    if marked is None:
        return None, problems
    folder = path.parent.resolve()
    marked = _overlaid(marked, folder)
    settings, found = validate(Settings, marked)
    problems += found
    entries = marked.data.get("sources")
    sources, found = _sources(marked, entries if isinstance(entries, list) else [])
    problems += found
    if settings is None or any(problem.severity == "error" for problem in problems):
        return None, problems
    return Loaded(_absolute(settings, folder), sources, folder), problems


def _overlaid(marked: Marked, folder: Path) -> Marked:
    secrets = marked.data.get(SECRETS_FOLDER_KEY)
    secrets_folder = folder / secrets if isinstance(secrets, str) else None
    said = Environment(_secrets_dir=secrets_folder if secrets_folder and secrets_folder.is_dir() else None)
    data, origins = dict(marked.data), dict(marked.origins)
    for name, value in said.model_dump(exclude_unset=True).items():
        if name == "sources":
            data[name] = _named_sources(data.get(name), value, origins)
        elif isinstance(value, dict):
            base = data.get(name)
            data[name] = {**(base if isinstance(base, dict) else {}), **value}
            origins |= {(name, key): f"environment BRIDGE_{name.upper()}__{key.upper()}" for key in value}
        else:
            data[name] = value
            origins[name,] = f"environment BRIDGE_{name.upper()}"
    return replace(marked, data=data, origins=origins)


def _named_sources(entries: Any, said: Mapping[str, Mapping[str, Any]], origins: dict[Place, str]) -> Any:
    if not isinstance(entries, list):
        return entries
    merged = []
    for number, entry in enumerate(entries):
        name = str(entry.get("name", "")).replace("-", "_").lower() if isinstance(entry, dict) else ""
        own = said.get(name, {})
        merged.append({**entry, **own} if isinstance(entry, dict) else entry)
        for key in own:
            origins["sources", number, key] = f"environment BRIDGE_SOURCES__{name.upper()}__{key.upper()}"
    return merged


def _sources(marked: Marked, entries: list[Any]) -> tuple[tuple[SourceSettings, ...], list[Problem]]:
    made: list[SourceSettings] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        head, found = validate(SourceHead, _part(marked, number, entry))
        problems += found
        if head is None:
            continue
        if head.name in {source.name for source in made}:
            problems.append(marked.problem(("sources", number, "name"), f"“{head.name}” is the name of two sources"))
        try:
            model = options_of(head.kind)
        except ConfigurationError as error:
            advice = did_you_mean(head.kind, ("rt", "file", "http")) or error.problems[0].advice
            problems.append(marked.problem(("sources", number, "kind"), f"“{head.kind}” is no kind of source", advice))
            continue
        own = {key: value for key, value in entry.items() if key not in SHARED_SOURCE_KEYS}
        options, found = validate(model, _part(marked, number, own))
        problems += found
        if options is not None:
            start = head.start_from if isinstance(head.start_from, datetime) else None
            made.append(SourceSettings(head.name, head.kind, start, options))
    return tuple(made), problems


def _part(marked: Marked, number: int, data: dict[str, Any]) -> Marked:
    """One entry of `sources` as a document of its own, with the places it has in the file."""
    head = ("sources", number)

    def below(places: Mapping[Any, Any]) -> dict[Any, Any]:
        return {place[2:]: value for place, value in places.items() if place[:2] == head}

    return replace(
        marked, data=data, marks=below(marked.marks), keys=below(marked.keys), traps={}, origins=below(marked.origins)
    )


def _absolute(settings: Settings, folder: Path) -> Settings:
    url = settings.store.url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return settings.model_copy(
        update={
            "store": StoreSettings(url=url),
            "rules": tuple(str(folder / pattern) for pattern in settings.rules),
            "directory": folder / settings.directory,
            "templates": folder / settings.templates if settings.templates else None,
        }
    )
