"""What the use cases need from the outside, as protocols. Adapters and the store implement them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Protocol

from bridge.model.effect import Effect
from bridge.model.errors import Problem
from bridge.model.inbox import Inbox
from bridge.model.incident import Capability, ChangeRequest, ChangeSpec, Incident, Note, Page, State
from bridge.model.project import (
    Changed,
    ChangedPage,
    Issue,
    IssueChange,
    IssueSpec,
    Journal,
    Project,
    ProjectSpec,
    VersionSpec,
    WikiPage,
)
from bridge.repositories import (
    Effects,
    Exclusions,
    Groups,
    Incidents,
    Intakes,
    Ledger,
    Links,
    OwnWrites,
    Promotions,
    Resolutions,
)
from bridge.rules.similar import SimilarGroups


class Clock(Protocol):
    """Tells the time. The sandbox's clock can be set; the machine's cannot."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""


class IncidentSource(Protocol):
    """A connection to one incident system. Raises bridge.model.errors for everything that goes wrong remotely."""

    @property
    def name(self) -> str:
        """The configured name, the first half of every incident's identity."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this source can do."""

    def check(self) -> list[Problem]:
        """Problems of the connection, the account's rights and zone; empty when all is well. Writes nothing."""

    def start_cursor(self) -> str:
        """The cursor that means “only what changes from now on”."""

    def changes(self, cursor: str, known: KnownIncidents) -> Iterator[Page]:
        """What changed since the cursor, oldest first, in pages whose cursor may be stored once the page is.

        Delivered at least once: the same incident may come again. `known` are followed even when they no longer match
        the source's query.
        """

    def history(self, since: datetime, until: datetime | None, resume: str | None) -> Iterator[Page]:
        """All incidents opened in [since, until), for a backfill; `resume` is the cursor of the last page stored."""

    def read(self, external_id: str) -> Incident:
        """The incident as it is now. Raises NotFound when it is gone."""

    def look(self, external_ids: Sequence[str], known: KnownIncidents) -> Page:
        """What `changes` would tell of some incidents if they changed now; the page's cursor is "".

        What the source's query does not find and is not `known` is left out.
        """

    def notes(self, external_id: str, after: str) -> Sequence[Note]:
        """The notes with ids after `after` (empty: all), oldest first, the bridge's own among them."""

    def links(self, external_id: str) -> frozenset[str]:
        """The addresses of external links on the incident."""

    def find_note(self, external_id: str, marker: str) -> str | None:
        """The id of the oldest note whose own last line is `marker`, None when there is none."""

    def add_note(self, external_id: str, text: str, *, private: bool) -> str:
        """Adds a note, reads it back and returns its id ("" where the system gives none)."""

    def add_link(self, external_id: str, url: str, title: str) -> None:
        """Adds a link to an address; the same address twice is one link."""

    def set_state(self, external_id: str, state: State, reason: str) -> Incident:
        """Resolves, holds, reopens … and reads back. Raises NotApplied when the system ignored it."""

    def assign(self, external_id: str, login: str) -> Incident:
        """Gives the incident to a person and reads back. Raises NotApplied when the system ignored it."""

    def open_change(self, spec: ChangeSpec, *, unsure: bool) -> ChangeRequest:
        """Opens a request for change and reads back. With `unsure` one with the same marker is looked for first.

        Raises NotApplied when the system dropped part of it, NotPossible without Capability.CHANGE.
        """

    def read_change(self, change_id: str) -> ChangeRequest:
        """A request for change by the number that people use. Raises NotFound; NotPossible without the capability."""


class KnownIncidents(Protocol):
    """Tells which external ids the store already has."""

    def __call__(self, external_ids: Sequence[str]) -> frozenset[str]:
        """The subset of `external_ids` that is known."""


class ProjectTracker(Protocol):
    """The system of record for projects. Every write is read back; raises bridge.model.errors."""

    def check(self) -> list[Problem]:
        """Problems of the connection, rights and configuration; empty when all is well. Writes nothing."""

    def me(self) -> int:
        """The id of the bridge's own account."""

    def open_project(self, spec: ProjectSpec, *, unsure: bool) -> Project:
        """Creates the project, or adopts the one that carries `spec.origin` when it is there already.

        Raises WouldLeak before anything is written when it could not be made private, and Rejected when the identifier
        belongs to somebody else's project.
        """

    def project(self, project: int | str) -> Project:
        """A project by id or identifier. Raises Forbidden when it is archived, NotFound when it is not there."""

    def standing_project(self, identifier: str) -> Project:
        """A project of people's own into which the bridge may write.

        Raises WouldLeak when it is public, Rejected when it is closed, lacks a module that is needed, or lies where its
        changes are not followed.
        """

    def ensure_version(self, spec: VersionSpec, *, unsure: bool) -> int:
        """Makes a version and returns its id; the one that carries `spec.origin` is taken as it is.

        With `unsure` that one is looked for first.
        """

    def ensure_category(self, project_id: int, name: str) -> None:
        """Makes an issue category; one of that name is success."""

    def close_project(self, project_id: int) -> Project:
        """Closes a project: read-only for everybody. Closed already is success. Raises NotApplied."""

    def reopen_project(self, project_id: int) -> Project:
        """Opens a closed project again. Open already is success. Raises NotApplied."""

    def create_issue(self, spec: IssueSpec, *, unsure: bool) -> Issue:
        """Creates an issue, unassigned. With `unsure` it first looks for one that carries `spec.origin`."""

    def relate(self, issue_id: int, other_id: int, kind: str, delay_days: int = 0) -> None:
        """Relates two issues (`relates`, `precedes`, `blocks`); already related is success."""

    def add_member(self, project_id: int, user_id: int, role: str) -> None:
        """Makes a person a member; being one already is success."""

    def write_page(self, project_id: int, title: str, section: str, text: str) -> None:
        """Writes a marked section of a wiki page; text that people wrote around it stays."""

    def read_page(self, project_id: int, title: str) -> WikiPage:
        """A wiki page (version 0 when there is none)."""

    def read_issue(self, issue_id: int) -> Issue:
        """The issue with its journals. Raises NotFound when it is gone or no longer visible."""

    def update_issue(self, issue_id: int, change: IssueChange, *, unsure: bool) -> tuple[Issue, tuple[Journal, ...]]:
        """Applies a change and reads back; returns the issue and the journals this write made.

        A change that would change nothing is not sent (when `unsure`, or when the caller has just read the issue).
        Raises NotApplied with what the workflow allows when a field was ignored, WouldLeak when a private note would
        become public.
        """

    def start_cursor(self, project: str = "") -> str:
        """The cursor that means “only what changes from now on”."""

    def changes(self, cursor: str, project: str = "") -> ChangedPage:
        """Issues that may have changed since the cursor; one cheap request when none did.

        Those below the parent project, or those of `project` alone.
        """

    def look(self, issue_ids: Sequence[int]) -> tuple[Changed, ...]:
        """Some issues as `changes` tells them, in one request per hundred; what is gone or invisible is left out."""

    def roles(self, project: str) -> Mapping[int, frozenset[str]]:
        """The names of the roles that each user (id) has in a project, inherited ones too, read afresh.

        Raises Forbidden or NotFound when the bridge's account may not see the project.
        """

    def status_names(self) -> Mapping[str, str]:
        """The names of issue statuses by their ids, as a journal's changes have them."""


class Texts(Protocol):
    """The templates of every text that is written to people or remote systems."""

    def render(self, name: str, language: str = "", **values: Any) -> str:
        """The text `name` in a language (default: the configured one). Raises BridgeError when a template is broken."""


class UnitOfWork(Protocol):
    """One transaction over all repositories: committed together or not at all."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def similar(self) -> SimilarGroups: ...
    @property
    def promotions(self) -> Promotions: ...
    @property
    def intakes(self) -> Intakes: ...
    @property
    def links(self) -> Links: ...
    @property
    def effects(self) -> Effects: ...
    @property
    def resolutions(self) -> Resolutions: ...
    @property
    def own_writes(self) -> OwnWrites: ...
    @property
    def exclusions(self) -> Exclusions: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def inbox(self) -> Inbox: ...
    def savepoint(self) -> AbstractContextManager[object]:
        """A part of the transaction that is undone by itself when it raises."""


class Store(Protocol):
    """Durable state."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """A writing transaction: committed on leaving, rolled back on an exception. One at a time."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent view that writes nothing."""


class Handler(Protocol):
    """Delivers one kind of effect: looks, sends, reads back; called outside any transaction.

    Returns what is to be stored together with “done”, as a function that runs inside the engine's transaction.
    Raises BridgeError: tried again later with back-off unless it is permanent, then the effect is dead.
    """

    def __call__(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Delivers the effect."""


class WorkingCalendar(Protocol):
    """Business days, as far as planning needs them."""

    def add_business_days(self, day: date, days: int) -> date:
        """The day that many business days after `day`."""
