"""The whole state in a form in which two runs can be compared: names instead of ids, no host names, no times."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import datetime
from typing import Any

from bridge.sandbox.clock import iso
from bridge.sandbox.redmine.model import Detail, Issue, Journal, Project, Relation
from bridge.sandbox.redmine.state import State

_HOST = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+")
_ISSUE_LINK = re.compile(r"/issues/(\d+)")
_ISSUE_DETAILS = {"parent_id", "child_id"}


def whole(state: State, *, times: bool = False) -> dict[str, Any]:
    """Issues are named by project and subject; twins get a number in the order of their creation."""
    return _Dump(state, times=times).whole()


class _Dump:
    def __init__(self, state: State, *, times: bool) -> None:
        self._state = state
        self._times = times
        self._keys = self._name_issues()

    def _name_issues(self) -> dict[int, str]:
        names: dict[int, str] = {}
        seen: Counter[str] = Counter()
        for issue in sorted(self._state.issues.values(), key=lambda issue: issue.id):
            name = f"{self._state.projects[issue.project_id].identifier}/{issue.subject}"
            seen[name] += 1
            names[issue.id] = name if seen[name] == 1 else f"{name} ({seen[name]})"
        return names

    def whole(self) -> dict[str, Any]:
        state = self._state
        projects = sorted(state.projects.values(), key=lambda project: (project.identifier, project.id))
        return {
            "projects": [self._project(project) for project in projects],
            "roles": {role.name: sorted(role.permissions) for role in state.roles.values()},
            "mails": sorted(f"{mail.to} {mail.event} {self._keys.get(mail.issue_id, '')}" for mail in state.mails),
        }

    def _project(self, project: Project) -> dict[str, Any]:
        state = self._state
        issues = sorted(state.issues_of(project.id), key=lambda issue: self._keys[issue.id])
        parent = state.projects.get(project.parent_id or 0)
        pages = [page for page in state.wiki.values() if page.project_id == project.id]
        versions = [version for version in state.versions.values() if version.project_id == project.id]
        data = {
            "identifier": project.identifier,
            "name": project.name,
            "description": self._text(project.description),
            "parent": parent.identifier if parent else None,
            "status": project.status,
            "is_public": project.is_public,
            "inherit_members": project.inherit_members,
            "custom": self._custom(project.custom),
            "trackers": [state.trackers[number].name for number in sorted(project.tracker_ids)],
            "modules": sorted(project.modules),
            "members": {
                state.users[number].login: [state.roles[role].name for role in (*row.roles, *row.inherited)]
                for number, row in sorted(state.members_of(project.id).items())
            },
            "versions": sorted(f"{version.name} {version.status} {version.due_date}" for version in versions),
            "categories": sorted(row.name for row in state.categories.values() if row.project_id == project.id),
            "wiki": {
                page.title: {
                    "parent": state.wiki[page.parent_id].title if page.parent_id else None,
                    "versions": [self._text(version.text) for version in page.versions],
                }
                for page in sorted(pages, key=lambda page: page.title)
            },
            "issues": [self._issue(issue) for issue in issues],
            "time": sorted(
                f"{self._keys.get(row.issue_id or 0, '')} {state.users[row.user_id].login} {row.hours} {row.comments}"
                for row in state.time_entries.values()
                if row.project_id == project.id
            ),
        }
        return data | self._moments(created_on=project.created_on, updated_on=project.updated_on)

    def _issue(self, issue: Issue) -> dict[str, Any]:
        state = self._state
        data = {
            "key": self._keys[issue.id],
            "tracker": state.trackers[issue.tracker_id].name,
            "status": state.statuses[issue.status_id].name,
            "priority": state.priorities[issue.priority_id].name,
            "author": state.users[issue.author_id].login,
            "assigned_to": state.users[issue.assigned_to_id].login if issue.assigned_to_id else None,
            "parent": self._keys.get(issue.parent_id or 0),
            "description": self._text(issue.description),
            "start_date": str(issue.start_date),
            "due_date": str(issue.due_date),
            "done_ratio": issue.done_ratio,
            "estimated_hours": issue.estimated_hours,
            "version": state.versions[issue.fixed_version_id].name if issue.fixed_version_id else None,
            "is_private": issue.is_private,
            "custom": self._custom(issue.custom),
            "watchers": sorted(state.users[number].login for number in issue.watchers),
            "relations": sorted(self._relation(row) for row in state.relations_of(issue.id) if row.from_id == issue.id),
            "attachments": sorted(
                f"{row.filename} {hashlib.sha256(row.content).hexdigest()}"
                for row in state.attached_to(f"issue:{issue.id}")
            ),
            "journals": [self._journal(journal) for journal in issue.journals],
        }
        return data | self._moments(created_on=issue.created_on, updated_on=issue.updated_on, closed_on=issue.closed_on)

    def _relation(self, row: Relation) -> str:
        delay = f" +{row.delay}" if row.delay is not None else ""
        return f"{row.kind} {self._keys[row.to_id]}{delay}"

    def _journal(self, journal: Journal) -> dict[str, Any]:
        data = {
            "user": self._state.users[journal.user_id].login,
            "notes": self._text(journal.notes),
            "private": journal.private,
            "details": sorted(self._detail(detail) for detail in journal.details),
        }
        return data | self._moments(created_on=journal.created_on)

    def _detail(self, detail: Detail) -> str:
        old, new, name = detail.old, detail.new, detail.name
        if detail.property == "relation" or name in _ISSUE_DETAILS:
            old, new = (self._keys.get(int(value), value) if value else value for value in (old, new))
        if detail.property == "attachment":
            name = ""
        return f"{detail.property} {name}: {self._text(old)} -> {self._text(new)}"

    def _custom(self, values: dict[int, str | None]) -> dict[str, str | None]:
        fields = self._state.custom_fields
        return {fields[number].name: self._text(value) for number, value in sorted(values.items()) if value}

    def _text(self, text: str | None) -> str | None:
        if text is None:
            return None
        plain = _HOST.sub("http://host", text)
        return _ISSUE_LINK.sub(lambda match: f"/issues/<{self._keys.get(int(match.group(1)), '?')}>", plain)

    def _moments(self, **moments: datetime | None) -> dict[str, str | None]:
        if not self._times:
            return {}
        return {name: iso(moment) if moment else None for name, moment in moments.items()}
