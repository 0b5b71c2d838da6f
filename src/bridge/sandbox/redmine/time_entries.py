"""Spent time."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import filters
from bridge.sandbox.redmine.context import Context, custom_fields, custom_values, done, invalid, not_found, ref, shown
from bridge.sandbox.redmine.issue_assign import custom_rows
from bridge.sandbox.redmine.model import ACTIVE, Project, TimeEntry
from bridge.sandbox.redmine.values import NotADateError, to_date, to_hours, to_id, to_int, to_text

_FILTERS = {"issue_id": "list", "user_id": "list", "activity_id": "list", "spent_on": "date"}


def render(ctx: Context, entry: TimeEntry) -> dict[str, Any]:
    state = ctx.state
    data: dict[str, Any] = {"id": entry.id, "project": ref(state.projects[entry.project_id])}
    if entry.issue_id:
        data["issue"] = {"id": entry.issue_id}
    data |= {
        "user": ref(state.users[entry.user_id]),
        "activity": ref(state.activities[entry.activity_id]),
        "hours": entry.hours,
        "comments": entry.comments,
        "spent_on": str(entry.spent_on),
        "created_on": shown(entry.created_on),
        "updated_on": shown(entry.updated_on),
    }
    return data | custom_values((field, entry.custom.get(field.id)) for field in custom_fields(ctx, "time_entry"))


def index(ctx: Context, key: str = "") -> Response:
    """The latest day first."""
    key = key or ctx.request.query.get("project_id", "")
    project = ctx.find_project(key) if key else None
    if project:
        ctx.authorize(project, "view_time_entries")
    elif not ctx.access.allowed_somewhere(ctx.user, "view_time_entries"):
        raise ctx.deny()
    inside = {inner.id for inner in ctx.state.project_tree(project)} if project else set(ctx.state.projects)
    inside = {n for n in inside if ctx.access.allowed(ctx.user, "view_time_entries", ctx.state.projects[n])}
    query = {name: text.replace("me", str(ctx.user.id)) for name, text in ctx.request.query.items()}
    conditions = [filters.parse(name, _FILTERS[name], query[name]) for name in _FILTERS if name in query]
    rows = [row for row in ctx.state.time_entries.values() if row.project_id in inside]
    rows = [row for row in rows if all(_matches(ctx, condition, row) for condition in conditions)]
    rows.sort(key=lambda row: (row.spent_on, row.id), reverse=True)
    return ctx.listing("time_entries", rows, lambda row: render(ctx, row))


def _matches(ctx: Context, condition: filters.Filter, row: TimeEntry) -> bool:
    value = getattr(row, condition.field)
    if condition.kind == "list":
        return filters.id_matches(condition, value)
    span = filters.moments(condition, ctx.now.date())
    moment = filters.as_moment(value) if condition.kind == "date" else value
    return filters.in_span(moment, span)


def show(ctx: Context, number: str) -> Response:
    row = ctx.state.time_entries.get(int(number))
    if row is None:
        raise not_found()
    ctx.authorize(ctx.state.projects[row.project_id], "view_time_entries")
    return json_response({"time_entry": render(ctx, row)})


def create(ctx: Context) -> Response:
    """Time of somebody else needs `log_time_for_other_users`."""
    attrs, now = ctx.params("time_entry"), ctx.now
    if not ctx.access.allowed_somewhere(ctx.user, "log_time"):
        raise ctx.deny()
    issue = ctx.state.issues.get(to_int(attrs.get("issue_id")))
    given = attrs.get("project_id")
    project = ctx.state.projects[issue.project_id] if issue else ctx.state.projects.get(to_int(given))
    is_issue_hidden = issue is not None and (
        not ctx.access.issue_visible(ctx.user, issue) or ctx.state.projects[issue.project_id].status != ACTIVE
    )
    if project and not is_issue_hidden and not ctx.access.allowed(ctx.user, "log_time", project):
        raise ctx.deny()
    comments = to_text(attrs["comments"]) if attrs.get("comments") is not None else None
    entry = TimeEntry(0, 0, None, ctx.user.id, ctx.user.id, 0, 0.0, comments, now.date(), now, now)
    blanks = _values(ctx, entry, attrs)
    if project is None and given in (None, ""):
        blanks[1:1] = ["Project cannot be blank"] if blanks[:1] == ["Activity cannot be blank"] else []
        blanks[:0] = ["Project cannot be blank"] if "Project cannot be blank" not in blanks else []
    others = [] if project else ["Project is invalid"]
    others += _user(ctx, entry, attrs, project)
    others += ["Issue is invalid"] if attrs.get("issue_id") and (issue is None or is_issue_hidden) else []
    if errors := blanks + others:
        raise invalid(errors)
    assert project is not None
    known = {field.id for field in custom_fields(ctx, "time_entry")}
    entry.custom = {number: value for number, value in custom_rows(attrs).items() if number in known}
    entry.id, entry.project_id = ctx.state.next_id("time_entry"), project.id
    entry.issue_id = issue.id if issue else None
    ctx.state.put_time_entry(entry)
    return ctx.created({"time_entry": render(ctx, entry)}, f"/time_entries/{entry.id}")


def _user(ctx: Context, entry: TimeEntry, attrs: dict[str, Any], project: Project | None) -> list[str]:
    if attrs.get("user_id") in (None, ""):
        return []
    wanted = to_int(attrs["user_id"])
    if wanted == ctx.user.id:
        return []
    may = project is not None and ctx.access.allowed(ctx.user, "log_time_for_other_users", project)
    if project is None or not may or wanted not in ctx.state.members_of(project.id):
        return ["User is invalid"]
    entry.user_id = wanted
    return []


def _values(ctx: Context, entry: TimeEntry, attrs: dict[str, Any]) -> list[str]:
    """What is missing comes first, then what makes no sense."""
    missing, wrong = [], []
    activity = to_id(attrs.get("activity_id"))
    if activity is None:
        missing.append("Activity cannot be blank")
    elif activity not in ctx.state.activities:
        wrong.append("Activity is not included in the list")
    entry.activity_id = activity or 0
    try:
        hours = to_hours(attrs.get("hours"))
    except ValueError:
        hours = -1.0
    if hours is None:
        missing.append("Hours cannot be blank")
    elif hours < 0:
        wrong.append("Hours is invalid")
    entry.hours = hours or 0.0
    try:
        day = to_date(attrs.get("spent_on", entry.spent_on))
    except NotADateError:
        day = None
        wrong.insert(0, "Date is not a valid date")
    if day is None:
        missing.append("Date cannot be blank")
    entry.spent_on = day or entry.spent_on
    return missing + wrong


def update(ctx: Context, number: str) -> Response:
    """What is not sent stays."""
    row = _editable(ctx, number)
    attrs, before = ctx.params("time_entry"), row.hours
    ctx.state.drop_time_entry(row)
    kept = {"activity_id": row.activity_id, "hours": row.hours, "spent_on": str(row.spent_on)}
    errors = _values(ctx, row, {**kept, **attrs})
    row.hours = before if errors else row.hours
    ctx.state.put_time_entry(row)
    if errors:
        raise invalid(errors)
    if attrs.get("comments") is not None:
        row.comments = to_text(attrs["comments"])
    row.updated_on = ctx.now
    return done()


def delete(ctx: Context, number: str) -> Response:
    ctx.state.drop_time_entry(_editable(ctx, number))
    return done()


def _editable(ctx: Context, number: str) -> TimeEntry:
    row = ctx.state.time_entries.get(int(number))
    if row is None:
        raise not_found()
    project = ctx.state.projects[row.project_id]
    is_own = row.user_id == ctx.user.id and ctx.access.allowed(ctx.user, "edit_own_time_entries", project)
    if not is_own:
        ctx.authorize(project, "edit_time_entries")
    return row


ROUTES: list[Route] = [
    ("GET", r"/time_entries\.json", index),
    ("GET", r"/projects/([^/]+)/time_entries\.json", index),
    ("POST", r"/time_entries\.json", create),
    ("GET", r"/time_entries/(\d+)\.json", show),
    ("PUT", r"/time_entries/(\d+)\.json", update),
    ("DELETE", r"/time_entries/(\d+)\.json", delete),
]
