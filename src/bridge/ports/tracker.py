"""The system of record for projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotApplied, Problem
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
from bridge.model.report import PageFile
from bridge.ports.extras import IssueFiles, SpentTime
from bridge.ports.project_tasks import ProjectTasks


class ProjectTracker(Protocol):
    """The system of record for projects. Every write is read back; raises bridge.model.errors."""

    @property
    def files(self) -> IssueFiles:
        """Files of issues."""

    @property
    def spent_time(self) -> SpentTime:
        """The time that people spent on issues."""

    @property
    def tasks(self) -> ProjectTasks:
        """The issues of a project as a list."""

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

    def is_usable(self, user_id: int) -> bool:
        """Whether an account can act: False for one that is locked or gone, as far as the bridge's account can tell."""

    def write_page(
        self, project_id: int, title: str, section: str, text: str, files: Sequence[PageFile] = (), first: str = ""
    ) -> None:
        """Writes a marked section of a wiki page; text that people wrote around it stays.

        `files` that it has by name are not attached again. `first` is what a page that is not there yet begins with:
        people's own from then on.
        """

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

    def why_not(self, issue_id: int, status: str) -> NotApplied:
        """Why a status cannot be set now, and what could be set instead; sends no change."""

    def clock(self) -> ClockOffset | None:
        """Its clock against ours, as its answers dated themselves; None when they do not."""

    def start_cursor(self, project: str = "") -> str:
        """The cursor that means “only what changes from now on”."""

    def changes(self, cursor: str, project: str = "") -> ChangedPage:
        """Issues that may have changed since the cursor; one cheap request when none did.

        Those below the parent project, or those of `project` alone.
        """

    def look(self, issue_ids: Sequence[int]) -> tuple[Changed, ...]:
        """Some issues as `changes` tells them, in one request per hundred; what is gone or invisible is left out."""

    def issues(self, issue_ids: Sequence[int]) -> tuple[Issue, ...]:
        """Some issues with what lists tell (no journals), in one request per hundred; what is gone is left out."""

    def roles(self, project: str) -> Mapping[int, frozenset[str]]:
        """The names of the roles that each user (id) has in a project, inherited ones too, read afresh.

        Raises Forbidden or NotFound when the bridge's account may not see the project.
        """

    def status_names(self) -> Mapping[str, str]:
        """The names of issue statuses by their ids, as a journal's changes have them."""
