"""What may stand in the settings file."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bridge.model.incident import State
from bridge.redmine.options import RedmineOptions
from bridge.settings.candidates import CandidateSettings, NominationSettings
from bridge.settings.carried import AttachmentSettings, RelationSettings, WorkLogSettings
from bridge.settings.hooks import HookSettings
from bridge.settings.kpi import KpiSettings, SlaSettings
from bridge.settings.ledger import LedgerSettings
from bridge.settings.life import PromotionSettings
from bridge.settings.notes import DriftSettings, NoteSettings
from bridge.settings.notify import NotifySettings
from bridge.settings.reports import ReportSettings
from bridge.settings.sync import SyncSettings
from bridge.yamlfile import refused

STRICT = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(BaseModel):
    """Where the bridge keeps what it knows. A relative SQLite path counts from the settings file's folder."""

    model_config = STRICT

    url: str = Field("sqlite:///bridge.sqlite3", repr=False)  # may hold a password

    @field_validator("url")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must be sqlite:///path or postgresql://user@host/database")
        try:
            make_url(url)
        except (ArgumentError, ValueError):  # its own words may show the password
            advice = "right would be postgresql://user@host:5432/database"
            raise refused("is no database's address: is the port a number?", advice) from None
        return url


class TrackerNames(BaseModel):
    """Names of Redmine trackers for what the bridge creates.

    Empty: the parent project's Task, else Support, else Feature, else its first one.
    """

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
    owner_role: str = "Manager"

    def gateway(
        self,
        candidates: CandidateSettings = CandidateSettings(),  # noqa: B008 - it is frozen
        more_trackers: Collection[str] = (),
    ) -> RedmineOptions:
        """What the gateway needs, with every name that its check is to look for."""
        names = self.trackers
        intake = candidates if self.intake_project else None
        trackers = (names.root, names.task, names.incident, intake.tracker if intake else "", *more_trackers)
        used = {
            "tracker_names": tuple(dict.fromkeys(filter(None, trackers))),
            "approver_role": intake.approver_role if intake else "",
            "status_names": tuple(
                dict.fromkeys(
                    [
                        *(*self.delivered_statuses, *self.refused_statuses),
                        *(*self.statuses, *self.write_statuses.values()),
                        *(intake.names if intake else ()),
                    ]
                )
            ),
            "priority_names": tuple(dict.fromkeys(self.priorities.values())),
            "role_names": tuple(dict.fromkeys((self.member_role, self.owner_role))),
        }
        return RedmineOptions(**{name: getattr(self, name) for name in RedmineOptions.model_fields} | used)


class LogSettings(BaseModel):
    """What is logged, and how."""

    model_config = STRICT

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


def _start(text: object) -> datetime | None:
    if text == "now":
        return None
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise refused(
            f"“{str(text)[:40]}” is no start", "right would be now, 2026-01-31 or 2026-01-31T08:00:00Z"
        ) from None


class SourceHead(BaseModel):
    """What every entry of `sources` has, whatever its kind. `start_from` is None for “now”."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")
    kind: str
    start_from: Annotated[datetime | None, BeforeValidator(_start)] = None


class Settings(BaseModel):
    """Everything in the settings file. Paths are as written; `load_settings` makes them absolute.

    `sources` are as written only while the file is read: they may hold secrets, and are checked by their kinds.

    `poll_seconds` is how often both sides are polled, `workers` how many effects are delivered at a time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    version: Literal[1]
    instance: str = Field("prod", pattern=r"^[A-Za-z0-9_.-]{1,30}$")
    store: StoreSettings = StoreSettings()
    redmine: RedmineSettings
    sources: tuple[dict[str, Any], ...] = Field(min_length=1, repr=False)
    rules: tuple[str, ...] = ("rules/*.yaml",)
    directory: Path = Path("directory.yaml")
    windows: Path | None = None
    """The file of maintenance and change windows that rules may ask about."""
    masks: Path | None = None
    """The file of masks for fingerprints; without it the built-in ones are used."""
    templates: Path | None = None
    sla: SlaSettings = SlaSettings()
    kpi: KpiSettings = KpiSettings()
    public_notes: bool = False
    """Whether a public note on an incident's own issue becomes an answer that its caller can read."""
    notes: NoteSettings = NoteSettings()
    drift: DriftSettings = DriftSettings()
    language: str = "en"
    poll_seconds: float = Field(60, ge=0.2, le=86_400)
    nomination: NominationSettings = NominationSettings()
    candidates: CandidateSettings = CandidateSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    work_log: WorkLogSettings = WorkLogSettings()
    relations: RelationSettings = RelationSettings()
    promotions: PromotionSettings = PromotionSettings()
    workers: int = Field(4, ge=1, le=32)
    sync: SyncSettings = SyncSettings()
    hooks: HookSettings | None = None
    """Without it nothing listens."""
    ledger: LedgerSettings = LedgerSettings()
    notify: NotifySettings = NotifySettings()
    reports: ReportSettings = ReportSettings()
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
