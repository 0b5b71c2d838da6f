"""Redmine as a bridge.ports.ProjectTracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bridge.directory.directory import Person
from bridge.model.conflict import ClockOffset
from bridge.model.errors import NotApplied, Problem
from bridge.model.project import (
    Asked,
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
from bridge.ports import Clock
from bridge.redmine.asked import Lookup
from bridge.redmine.changes import Changes
from bridge.redmine.client import Client
from bridge.redmine.files import Files
from bridge.redmine.filterable import CustomFields
from bridge.redmine.issues import Issues
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.parts import Parts
from bridge.redmine.people import People
from bridge.redmine.preflight import Preflight
from bridge.redmine.privacy import Privacy
from bridge.redmine.project_tasks import ListedTasks
from bridge.redmine.projects import Projects
from bridge.redmine.spent_time import SpentTimes
from bridge.redmine.standing import Standing
from bridge.redmine.updates import Updates
from bridge.redmine.wiki import Wiki


class RedmineTracker:
    """One Redmine with one account; may be used from any thread. The methods are described in ProjectTracker."""

    def __init__(self, options: RedmineOptions, clock: Clock) -> None:
        self._options = options
        self._client = Client(options)
        self._names = Names(self._client, options)
        privacy = Privacy(self._names, options)
        self._projects = Projects(self._client, self._names, privacy, options)
        self._parts = Parts(self._client, options)
        self._standing = Standing(self._client, self._names, options)
        self._issues = Issues(self._client, self._names, privacy, options)
        self._updates = Updates(self._client, self._names, privacy, options)
        self._wiki = Wiki(self._client, options)
        self._changes = Changes(self._client, self._names, options, clock)
        self._preflight = Preflight(self._client, self._names, options)
        self._lookup = Lookup(self._client, self._names, options)
        self.files = Files(self._client, options)
        self.spent_time = SpentTimes(self._client, options)
        self.tasks = ListedTasks(self._client)
        self._people = People(self._client, self._names, options)

    @property
    def requests(self) -> int:
        """How many requests were sent so far, tries that failed too."""
        return self._client.requests

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()

    def check(self) -> list[Problem]:
        return self._preflight.problems()

    def check_people(self, people: Iterable[Person]) -> list[Problem]:
        """What is wrong with the directory's Redmine ids; one request for each."""
        return self._people.problems(people)

    def check_rules(self, asked: Iterable[Asked]) -> list[Problem]:
        """What rules ask for and Redmine does not have."""
        return self._lookup.problems(asked)

    def check_custom_fields(self, where: str, names: Iterable[str]) -> list[Problem]:
        """Which custom fields of issues the account does not see, or by which Redmine does not filter."""
        return CustomFields(self._client, self._names, self._options).problems(where, names)

    def me(self) -> int:
        return self._names.account().id

    def open_project(self, spec: ProjectSpec, *, unsure: bool) -> Project:
        return self._projects.open(spec, unsure=unsure)

    def project(self, project: int | str) -> Project:
        return self._projects.get(project)

    def standing_project(self, identifier: str) -> Project:
        return self._standing.project(identifier)

    def ensure_version(self, spec: VersionSpec, *, unsure: bool) -> int:
        return self._parts.ensure_version(spec, unsure=unsure)

    def ensure_category(self, project_id: int, name: str) -> None:
        self._parts.ensure_category(project_id, name)

    def close_project(self, project_id: int) -> Project:
        return self._projects.close(project_id)

    def reopen_project(self, project_id: int) -> Project:
        return self._projects.reopen(project_id)

    def add_member(self, project_id: int, user_id: int, role: str) -> None:
        self._projects.add_member(project_id, user_id, role)

    def is_usable(self, user_id: int) -> bool:
        return self._projects.is_usable(user_id)

    def create_issue(self, spec: IssueSpec, *, unsure: bool) -> Issue:
        return self._issues.create(spec, unsure=unsure)

    def read_issue(self, issue_id: int) -> Issue:
        return self._issues.read(issue_id)

    def relate(self, issue_id: int, other_id: int, kind: str, delay_days: int = 0) -> None:
        self._issues.relate(issue_id, other_id, kind, delay_days)

    def update_issue(self, issue_id: int, change: IssueChange, *, unsure: bool) -> tuple[Issue, tuple[Journal, ...]]:
        return self._updates.update(issue_id, change, unsure=unsure)

    def why_not(self, issue_id: int, status: str) -> NotApplied:
        return self._updates.why_not(issue_id, status)

    def clock(self) -> ClockOffset | None:
        return self._changes.server_clock.offset

    def write_page(
        self, project_id: int, title: str, section: str, text: str, files: Sequence[PageFile] = (), first: str = ""
    ) -> None:
        self._wiki.write(project_id, title, section, text, files, first)

    def read_page(self, project_id: int, title: str) -> WikiPage:
        return self._wiki.read(project_id, title)

    def start_cursor(self, project: str = "") -> str:
        return self._changes.start(project)

    def changes(self, cursor: str, project: str = "") -> ChangedPage:
        return self._changes.since(cursor, project)

    def look(self, issue_ids: Sequence[int]) -> tuple[Changed, ...]:
        return self._changes.look(issue_ids)

    def issues(self, issue_ids: Sequence[int]) -> tuple[Issue, ...]:
        return self._changes.issues(issue_ids)

    def roles(self, project: str) -> Mapping[int, frozenset[str]]:
        return self._people.roles(project)

    def status_names(self) -> Mapping[str, str]:
        return {str(number): name for name, number in self._names.ids("status").items()}
