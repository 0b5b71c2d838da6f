"""Takes the attributes of a request over into an issue: what may not be set is dropped without a word."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.sandbox.redmine import issue_render, workflow
from bridge.sandbox.redmine.context import AbortError, Context
from bridge.sandbox.redmine.model import Issue, Project
from bridge.sandbox.redmine.values import (
    NotADateError,
    crlf,
    to_bool,
    to_date,
    to_hours,
    to_id,
    to_int,
    to_text,
)

_LINKS = {"category_id", "fixed_version_id", "assigned_to_id"}


@dataclass(slots=True)
class Edit:
    """An issue being changed: `old` as stored (None: new), `issue` as it shall be, `errors` from reading values."""

    issue: Issue
    old: Issue | None
    notes: str = ""
    private_notes: bool = False
    watchers: list[int] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    stale: bool = False


def start_edit(old: Issue) -> Edit:
    copy = replace(old, custom=dict(old.custom), journals=old.journals, watchers=list(old.watchers))
    return Edit(copy, old)


def assign(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    """Project and tracker first, the rest depends on them."""
    attrs = {name: "" if value == "none" else value for name, value in attrs.items()}
    issue = edit.issue
    editable = edit.old is None or may_edit(ctx, edit.old)
    if editable:
        _project(ctx, edit, attrs)
        _tracker(ctx, issue, attrs)
        _blank_fields(ctx, edit)
    names = _settable(ctx, edit) if editable else set()
    attrs = {name: value for name, value in attrs.items() if name in names or name in {"notes", "private_notes"}}
    _status(ctx, edit, attrs)
    _plain(ctx, edit, attrs)
    if "lock_version" in attrs and edit.old is not None:
        edit.stale = to_int(attrs["lock_version"]) != edit.old.lock_version
    _dates(edit, attrs)
    _parent(ctx, edit, attrs)
    _custom(ctx, edit, attrs)
    _notes(ctx, edit, attrs)


def may_edit(ctx: Context, issue: Issue) -> bool:
    project = ctx.state.projects[issue.project_id]
    if ctx.access.allowed(ctx.user, "edit_issues", project):
        return True
    return issue.author_id == ctx.user.id and ctx.access.allowed(ctx.user, "edit_own_issues", project)


def target_projects(ctx: Context, old: Issue | None) -> set[int]:
    found = {p.id for p in ctx.state.projects.values() if ctx.access.allowed(ctx.user, "add_issues", p)}
    return found | {old.project_id} if old else found


def _project(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    key = attrs.pop("project_id", None)
    if key in (None, ""):
        return
    project = ctx.state.project(key if isinstance(key, str) else to_int(key))
    issue = edit.issue
    if project is None or project.id == issue.project_id or project.id not in target_projects(ctx, edit.old):
        return
    issue.project_id = project.id
    if edit.old is not None:
        issue.category_id = issue.fixed_version_id = None
        if issue.tracker_id not in project.tracker_ids:
            issue.tracker_id = project.tracker_ids[0]
        parent = ctx.state.issues.get(issue.parent_id or 0)
        if parent and root_of(ctx, parent.project_id) != root_of(ctx, project.id):
            issue.parent_id = None


def root_of(ctx: Context, project_id: int) -> int:
    """Subtasks may cross projects of one tree, Redmine's default."""
    project = ctx.state.projects[project_id]
    while project.parent_id:
        project = ctx.state.projects[project.parent_id]
    return project.id


def _tracker(ctx: Context, issue: Issue, attrs: dict[str, Any]) -> None:
    project = ctx.state.projects.get(issue.project_id)
    wanted = to_int(attrs.pop("tracker_id", None))
    if project is None:
        return
    if wanted in project.tracker_ids:
        issue.tracker_id = wanted
    if not issue.tracker_id and project.tracker_ids:
        issue.tracker_id = min(project.tracker_ids)


def _blank_fields(ctx: Context, edit: Edit) -> None:
    """A move to another project or tracker turns values that were never set from null into ""."""
    issue, old = edit.issue, edit.old
    if old and (old.project_id, old.tracker_id) != (issue.project_id, issue.tracker_id):
        for row in issue_render.fields_of(ctx, ctx.state.projects[issue.project_id]):
            issue.custom.setdefault(row.id, "")


def _settable(ctx: Context, edit: Edit) -> set[str]:
    issue = edit.issue
    project = ctx.state.projects.get(issue.project_id)
    names = {"status_id", "category_id", "assigned_to_id", "priority_id", "fixed_version_id", "subject", "description"}
    names |= {"start_date", "due_date", "done_ratio", "estimated_hours", "custom_field_values", "custom_fields"}
    names |= {"lock_version"}
    if project and _may(ctx, project, "manage_subtasks"):
        names.add("parent_issue_id")
    if project and (
        _may(ctx, project, "set_issues_private")
        or (issue.author_id == ctx.user.id and _may(ctx, project, "set_own_issues_private"))
    ):
        names.add("is_private")
    if edit.old is None and project and _may(ctx, project, "add_issue_watchers"):
        names.add("watcher_user_ids")
    if edit.old is not None and ctx.state.children_of(edit.old.id):
        names -= {"start_date", "due_date", "priority_id", "done_ratio"}
    return names - workflow.readonly_fields(ctx, issue)


def _may(ctx: Context, project: Project, permission: str) -> bool:
    return ctx.access.allowed(ctx.user, permission, project)


def _status(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    """Only what the workflow allows; a new issue gets the default status instead."""
    issue = edit.issue
    wanted = to_int(attrs.pop("status_id", None))
    if not issue.tracker_id:
        return
    allowed = {status.id for status in workflow.allowed_statuses(ctx, issue, edit.old)}
    if wanted in allowed:
        issue.status_id = wanted
    elif edit.old is None:
        default = workflow.DEFAULT_STATUS
        issue.status_id = default if default in allowed else min(allowed, default=default)


def _plain(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    issue = edit.issue
    if "subject" in attrs:
        issue.subject = to_text(attrs["subject"])
    if "description" in attrs:
        text = attrs["description"]
        issue.description = crlf(text) if isinstance(text, str) else text and to_text(text)
    if "priority_id" in attrs:
        issue.priority_id = to_int(attrs["priority_id"])
        if issue.priority_id not in ctx.state.priorities:
            issue.priority_id = 0
    for name in _LINKS & attrs.keys():
        value = ctx.user.id if attrs[name] == "me" else to_id(attrs[name])
        setattr(issue, name, value)
    if "done_ratio" in attrs:
        issue.done_ratio = to_int(attrs["done_ratio"])
    if "is_private" in attrs:
        issue.is_private = to_bool(attrs["is_private"])
    if "watcher_user_ids" in attrs:
        numbers = [to_int(value) for value in attrs["watcher_user_ids"] or []]
        if any(number not in ctx.state.users for number in numbers):
            raise AbortError(404, {"status": 404, "error": "Not Found"})
        edit.watchers = list(dict.fromkeys(numbers))


def _dates(edit: Edit, attrs: dict[str, Any]) -> None:
    issue = edit.issue
    for name, label in (("start_date", "Start date"), ("due_date", "Due date")):
        if name not in attrs:
            continue
        try:
            setattr(issue, name, to_date(attrs[name]))
        except NotADateError:
            edit.errors[name] = f"{label} is not a valid date"
    if "estimated_hours" in attrs:
        try:
            issue.estimated_hours = to_hours(attrs["estimated_hours"])
        except ValueError:
            edit.errors["estimated_hours"] = "Estimated time is invalid"
        if issue.estimated_hours is not None and issue.estimated_hours < 0:
            edit.errors["estimated_hours"] = "Estimated time is invalid"


def _parent(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    if "parent_issue_id" not in attrs:
        return
    text = to_text(attrs["parent_issue_id"]).strip()
    if not text:
        edit.issue.parent_id = None
        return
    match = re.fullmatch(r"#?(\d+)", text)
    parent = ctx.state.issues.get(int(match.group(1))) if match else None
    if parent is None or not (parent.id == edit.issue.parent_id or ctx.access.issue_visible(ctx.user, parent)):
        edit.errors["parent"] = "Parent task is invalid"
        return
    edit.issue.parent_id = parent.id


def custom_rows(attrs: dict[str, Any]) -> dict[int, str]:
    """The values of custom_field_values {"1": ...} and custom_fields [{"id": 1, "value": ...}]."""
    values = attrs.get("custom_field_values")
    found = {to_int(key): to_text(value) for key, value in values.items()} if isinstance(values, dict) else {}
    rows = attrs.get("custom_fields")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            found[to_int(row.get("id"))] = to_text(row.get("value"))
    return found


def _custom(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    project = ctx.state.projects.get(edit.issue.project_id)
    fields = {field.id for field in issue_render.fields_of(ctx, project)}
    fields -= {number for number in fields if str(number) in workflow.readonly_fields(ctx, edit.issue)}
    for number, value in custom_rows(attrs).items():
        if number in fields:
            edit.issue.custom[number] = value


def _notes(ctx: Context, edit: Edit, attrs: dict[str, Any]) -> None:
    """`private_notes` without the right is dropped, and the note goes in public."""
    project = ctx.state.projects.get(edit.issue.project_id)
    if edit.old is None or project is None or not _may(ctx, project, "add_issue_notes"):
        return
    edit.notes = to_text(attrs.get("notes"))
    if _may(ctx, project, "set_notes_private"):
        edit.private_notes = to_bool(attrs.get("private_notes"))
