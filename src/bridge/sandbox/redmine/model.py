"""What the sandbox's Redmine stores. Times are aware UTC with microseconds, days are dates, texts are as sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

ACTIVE, CLOSED, ARCHIVED = 1, 5, 9


@dataclass(slots=True)
class User:
    id: int
    login: str
    firstname: str
    lastname: str
    mail: str
    api_key: str
    password: str
    created_on: datetime
    admin: bool = False
    locked: bool = False
    # One of all, only_my_events, only_assigned, only_owner, none: Redmine's own names.
    mail_notification: str = "only_my_events"
    no_self_notified: bool = True

    @property
    def name(self) -> str:
        return f"{self.firstname} {self.lastname}".strip()

    @property
    def logged(self) -> bool:
        return self.id != 0


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: list[str]
    # 0 a role that members get, 1 non member, 2 anonymous
    builtin: int = 0
    issues_visibility: str = "default"
    assignable: bool = True
    # (old status, new status), the same for all trackers; from 0: what a new issue may start with
    workflow: set[tuple[int, int]] = field(default_factory=set)
    # issue fields that this role's workflow makes read-only, whatever the status
    readonly: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Named:
    """A tracker or an activity."""

    id: int
    name: str


@dataclass(slots=True)
class Status:
    id: int
    name: str
    is_closed: bool = False


@dataclass(slots=True)
class Priority:
    id: int
    name: str
    is_default: bool = False


@dataclass(slots=True)
class CustomField:
    """`customized` is issue, project, version or time_entry, `field_format` string or list."""

    id: int
    name: str
    customized: str
    field_format: str = "string"
    is_for_all: bool = False
    is_filter: bool = True
    searchable: bool = False
    possible_values: tuple[str, ...] = ()


@dataclass(slots=True)
class Project:
    id: int
    name: str
    identifier: str
    created_on: datetime
    updated_on: datetime
    description: str | None = None
    homepage: str = ""
    parent_id: int | None = None
    status: int = ACTIVE
    is_public: bool = True
    inherit_members: bool = False
    custom: dict[int, str | None] = field(default_factory=dict)
    tracker_ids: list[int] = field(default_factory=list)
    # name -> id of the enabled module, in the order of enabling
    modules: dict[str, int] = field(default_factory=dict)
    issue_custom_field_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Member:
    """`roles` are given here, `inherited` come from the parent project."""

    id: int
    project_id: int
    user_id: int
    roles: list[int] = field(default_factory=list)
    inherited: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Version:
    id: int
    project_id: int
    name: str
    created_on: datetime
    updated_on: datetime
    description: str = ""
    status: str = "open"
    due_date: date | None = None
    sharing: str = "none"
    wiki_page_title: str | None = None
    custom: dict[int, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class Category:
    id: int
    project_id: int
    name: str
    assigned_to_id: int | None = None


@dataclass(slots=True)
class Detail:
    """One changed attribute (`property` attr), custom field (cf), relation or attachment."""

    property: str
    name: str
    old: str | None
    new: str | None


@dataclass(slots=True)
class Journal:
    id: int
    issue_id: int
    user_id: int
    notes: str | None
    created_on: datetime
    updated_on: datetime
    private: bool = False
    details: list[Detail] = field(default_factory=list)
    updated_by: int | None = None


@dataclass(slots=True)
class Issue:
    """`project_id`, `tracker_id`, `status_id` and `priority_id` are 0 where none is set (only before validation)."""

    id: int
    project_id: int
    tracker_id: int
    status_id: int
    priority_id: int
    author_id: int
    subject: str
    created_on: datetime
    updated_on: datetime
    description: str | None = None
    assigned_to_id: int | None = None
    category_id: int | None = None
    fixed_version_id: int | None = None
    parent_id: int | None = None
    start_date: date | None = None
    due_date: date | None = None
    done_ratio: int = 0
    estimated_hours: float | None = None
    is_private: bool = False
    custom: dict[int, str | None] = field(default_factory=dict)
    closed_on: datetime | None = None
    lock_version: int = 0
    journals: list[Journal] = field(default_factory=list)
    watchers: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Relation:
    id: int
    from_id: int
    to_id: int
    kind: str
    delay: int | None = None


@dataclass(slots=True)
class Attachment:
    """`container` is "" until attached, then issue:1 or wiki:1; `token` is used up by attaching."""

    id: int
    filename: str
    content: bytes
    content_type: str | None
    author_id: int
    created_on: datetime
    token: str
    description: str | None = None
    container: str = ""


@dataclass(slots=True)
class WikiVersion:
    number: int
    text: str
    comments: str
    author_id: int
    updated_on: datetime


@dataclass(slots=True)
class WikiPage:
    id: int
    project_id: int
    title: str
    created_on: datetime
    parent_id: int | None = None
    versions: list[WikiVersion] = field(default_factory=list)


@dataclass(slots=True)
class TimeEntry:
    id: int
    project_id: int
    issue_id: int | None
    user_id: int
    author_id: int
    activity_id: int
    hours: float
    comments: str | None
    spent_on: date
    created_on: datetime
    updated_on: datetime
    custom: dict[int, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class Mail:
    """A mail that Redmine would have sent. `event` is issue_add or issue_edit."""

    n: int
    to: str
    address: str
    event: str
    issue_id: int
    subject: str
    by: str
    at: datetime
