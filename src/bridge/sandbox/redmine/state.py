"""The tables of the sandbox's Redmine, with the indexes that keep lists and writes linear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bridge.sandbox.redmine.model import (
    Attachment,
    Category,
    CustomField,
    Issue,
    Journal,
    Mail,
    Member,
    Named,
    Priority,
    Project,
    Relation,
    Role,
    Status,
    TimeEntry,
    User,
    Version,
    WikiPage,
)

ANONYMOUS = User(0, "", "Anonymous", "", "", "", "", datetime.fromisoformat("2000-01-01T00:00:00Z"))


@dataclass
class Settings:
    """Redmine's administration settings that matter here, with Redmine's defaults."""

    # Role that a non-admin gets in a project they create; empty: the first role that can be given.
    creator_role: str = ""
    notified_events: tuple[str, ...] = ("issue_added", "issue_updated")
    cross_project_issue_relations: bool = False
    attachment_max_size_kb: int = 5120


@dataclass
class State:
    """Change issues through `put_issue`, members and relations through their methods: the indexes depend on it."""

    settings: Settings = field(default_factory=Settings)
    users: dict[int, User] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    trackers: dict[int, Named] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)
    priorities: dict[int, Priority] = field(default_factory=dict)
    activities: dict[int, Named] = field(default_factory=dict)
    custom_fields: dict[int, CustomField] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    journals: dict[int, Journal] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    wiki: dict[int, WikiPage] = field(default_factory=dict)
    time_entries: dict[int, TimeEntry] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    _last_id: dict[str, int] = field(default_factory=dict)
    _members_of: dict[int, dict[int, Member]] = field(default_factory=lambda: defaultdict(dict))
    _issues_of: dict[int, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    _children_of: dict[int, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    _with_value: dict[tuple[int, str], dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    _relations_of: dict[int, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    _hours_of: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    _attached_to: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def next_id(self, table: str) -> int:
        self._last_id[table] = self._last_id.get(table, 0) + 1
        return self._last_id[table]

    # users, roles

    def user_by_login(self, login: str) -> User | None:
        return next((user for user in self.users.values() if user.login == login), None)

    def role_by_name(self, name: str) -> Role | None:
        return next((role for role in self.roles.values() if role.name == name), None)

    def builtin_role(self, builtin: int) -> Role:
        return next(role for role in self.roles.values() if role.builtin == builtin)

    def creator_role(self) -> Role:
        named = self.role_by_name(self.settings.creator_role)
        return named or min((role for role in self.roles.values() if not role.builtin), key=lambda role: role.id)

    # projects, members

    def project(self, key: str | int) -> Project | None:
        """By id or by identifier."""
        text = str(key)
        if text.isdigit():
            return self.projects.get(int(text))
        return next((project for project in self.projects.values() if project.identifier == text), None)

    def subprojects(self, project: Project) -> list[Project]:
        return [other for other in self.projects.values() if other.parent_id == project.id]

    def project_tree(self, project: Project) -> Iterator[Project]:
        """The project and everything below it."""
        yield project
        for child in self.subprojects(project):
            yield from self.project_tree(child)

    def members_of(self, project_id: int) -> dict[int, Member]:
        """By user id."""
        return self._members_of[project_id]

    def put_member(self, member: Member) -> None:
        self.members[member.id] = member
        self._members_of[member.project_id][member.user_id] = member

    def drop_member(self, member: Member) -> None:
        del self.members[member.id]
        del self._members_of[member.project_id][member.user_id]

    # issues

    def put_issue(self, issue: Issue) -> None:
        """Stores a new issue or replaces a stored one."""
        if old := self.issues.get(issue.id):
            self._unindex(old)
        self.issues[issue.id] = issue
        self._issues_of[issue.project_id][issue.id] = None
        if issue.parent_id:
            self._children_of[issue.parent_id][issue.id] = None
        for field_id, value in issue.custom.items():
            if value:
                self._with_value[field_id, value][issue.id] = None

    def drop_issue(self, issue: Issue) -> None:
        self._unindex(self.issues.pop(issue.id))
        for journal in issue.journals:
            self.journals.pop(journal.id, None)
        for relation in self.relations_of(issue.id):
            self.drop_relation(relation)

    def _unindex(self, issue: Issue) -> None:
        self._issues_of[issue.project_id].pop(issue.id, None)
        if issue.parent_id:
            self._children_of[issue.parent_id].pop(issue.id, None)
        for field_id, value in issue.custom.items():
            if value:
                self._with_value[field_id, value].pop(issue.id, None)

    def issues_of(self, project_id: int) -> list[Issue]:
        return [self.issues[number] for number in self._issues_of[project_id]]

    def issues_with(self, field_id: int, value: str) -> list[Issue]:
        return [self.issues[number] for number in self._with_value[field_id, value]]

    def children_of(self, issue_id: int) -> list[Issue]:
        return [self.issues[number] for number in sorted(self._children_of[issue_id])]

    def descendants_of(self, issue_id: int) -> Iterator[Issue]:
        for child in self.children_of(issue_id):
            yield child
            yield from self.descendants_of(child.id)

    def ancestors_of(self, issue: Issue) -> Iterator[Issue]:
        while issue.parent_id:
            issue = self.issues[issue.parent_id]
            yield issue

    def is_closed(self, issue: Issue) -> bool:
        status = self.statuses.get(issue.status_id)
        return status is not None and status.is_closed

    def add_journal(self, journal: Journal) -> None:
        self.journals[journal.id] = journal
        self.issues[journal.issue_id].journals.append(journal)

    def drop_journal(self, journal: Journal) -> None:
        del self.journals[journal.id]
        self.issues[journal.issue_id].journals.remove(journal)

    # relations, time, files

    def put_relation(self, relation: Relation) -> None:
        self.relations[relation.id] = relation
        self._relations_of[relation.from_id][relation.id] = None
        self._relations_of[relation.to_id][relation.id] = None

    def drop_relation(self, relation: Relation) -> None:
        del self.relations[relation.id]
        self._relations_of[relation.from_id].pop(relation.id, None)
        self._relations_of[relation.to_id].pop(relation.id, None)

    def relations_of(self, issue_id: int) -> list[Relation]:
        return [self.relations[number] for number in sorted(self._relations_of[issue_id])]

    def put_time_entry(self, entry: TimeEntry) -> None:
        self.time_entries[entry.id] = entry
        if entry.issue_id:
            self._hours_of[entry.issue_id] += entry.hours

    def drop_time_entry(self, entry: TimeEntry) -> None:
        del self.time_entries[entry.id]
        if entry.issue_id:
            self._hours_of[entry.issue_id] -= entry.hours

    def spent_hours(self, issue_id: int) -> float:
        return self._hours_of.get(issue_id, 0.0)

    def attach(self, attachment: Attachment, container: str) -> None:
        attachment.container = container
        self._attached_to[container].append(attachment.id)

    def attached_to(self, container: str) -> list[Attachment]:
        return [self.attachments[number] for number in self._attached_to.get(container, ())]

    def wiki_page(self, project_id: int, title: str) -> WikiPage | None:
        """Titles are compared without regard to case, as Redmine does."""
        low = title.lower()
        pages = (page for page in self.wiki.values() if page.project_id == project_id)
        return next((page for page in pages if page.title.lower() == low), None)
