"""What the bridge reads from and writes to a project tracker, free of the tracker's own ids where it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bridge.model.files import Relation, RemoteFile


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """A project to be opened; always private unless `public`. `origin` is the line that proves who made it.

    `custom_fields` (by name) are the project's own and its issues': each must be one of them.
    """

    identifier: str
    name: str
    description: str
    parent: str
    origin: str
    modules: tuple[str, ...] = ("issue_tracking", "gantt", "calendar", "wiki", "time_tracking")
    public: bool = False
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the tracker has it. `status` is `active`, `closed` or `archived`."""

    id: int
    identifier: str
    name: str
    description: str
    public: bool
    status: str
    url: str
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class IssueSpec:
    """An issue to be created. Names, not ids: the gateway knows the ids.

    `origin` is the line by which it is found again; it ends the description and fills the correlation field where
    one is configured. `estimate` is in hours. `parent_id` makes it a subtask. Custom fields that only the project has
    are left out.
    """

    project_id: int
    subject: str
    description: str
    origin: str
    tracker: str = ""
    priority: str = ""
    parent_id: int | None = None
    start: date | None = None
    due: date | None = None
    estimate: float | None = None
    private: bool = False
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    version_id: int | None = None


@dataclass(frozen=True, slots=True)
class VersionSpec:
    """A version to be made. `origin` is the line by which it is found again.

    Where somebody else's version has the name (cut to what the tracker takes), ` (number)` is added to it.
    """

    project_id: int
    name: str
    origin: str
    number: int
    description: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """A note or change in an issue's history. `changes` maps a field to (old, new), as the tracker names them."""

    id: int
    user_id: int
    user_name: str
    created_at: datetime
    notes: str
    private: bool
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as the tracker has it. `journals`, `files` and `relations` are empty when they were not asked for."""

    id: int
    project_id: int
    subject: str
    description: str
    status: str
    closed: bool
    updated_at: datetime
    url: str
    tracker: str = ""
    priority: str = ""
    assignee_id: int | None = None
    assignee_name: str = ""
    parent_id: int | None = None
    start: date | None = None
    due: date | None = None
    done_ratio: int = 0
    category: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom fields by name, as far as the account sees them; `custom_ids` are their ids, which journals have."""
    custom_ids: Mapping[str, int] = field(default_factory=dict)
    is_parent: bool = False
    allowed: frozenset[str] | None = None
    """The statuses that can be set now; None when they were not asked for, as `is_parent` is False then."""
    private: bool = False
    journals: tuple[Journal, ...] = ()
    author_id: int = 0
    author_name: str = ""
    created_at: datetime | None = None
    files: tuple[RemoteFile, ...] = ()
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueChange:
    """A change to an issue; None leaves a field as it is. `assignee_id` 0 clears it, and so does `due` "".

    `due` is a date as 2026-12-31, `description` the whole text. `category` "" clears it; one that the project lacks is
    made. `custom` are values of custom fields by name. `note_key` is a text that stands in the note
    and by which it is found again.
    """

    status: str | None = None
    assignee_id: int | None = None
    note: str | None = None
    note_private: bool = True
    note_key: str = ""
    due: str | None = None
    description: str | None = None
    priority: str | None = None
    subject: str | None = None
    done_ratio: int | None = None
    category: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """An issue that may have changed, as a list shows it (no journals)."""

    id: int
    project_id: int
    status: str
    closed: bool
    assignee_id: int | None
    updated_at: datetime
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """What changed in the tracker and the cursor that is right once this is stored. `notes` never come with lists."""

    issues: tuple[Changed, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A wiki page's text and version (0: there is none yet)."""

    title: str
    text: str
    version: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of the tracker, by names: `parent` and `standing` are projects, empty where it asks for none."""

    rule: str
    trackers: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    custom_fields: tuple[str, ...] = ()
    parent: str = ""
    standing: str = ""
