"""Issues: list, show, create, update, delete, watchers, and edited notes."""

from __future__ import annotations

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import issue_assign, issue_checks, issue_list, issue_render, issue_save, uploads
from bridge.sandbox.redmine.context import Context, done, invalid, not_found, server_error
from bridge.sandbox.redmine.issue_assign import Edit
from bridge.sandbox.redmine.model import Issue
from bridge.sandbox.redmine.values import to_bool, to_int, to_text


def show(ctx: Context, key: str) -> Response:
    return json_response({"issue": issue_render.alone(ctx, ctx.find_issue(key))})


def create(ctx: Context, project_key: str = "") -> Response:
    """An unknown or closed project, or one where the user may not add, leaves the issue without any: 422."""
    attrs, now = ctx.params("issue"), ctx.now
    default = next(priority.id for priority in ctx.state.priorities.values() if priority.is_default)
    draft = Issue(0, 0, 0, 0, default, ctx.user.id, "", now, now, start_date=now.date())
    key = project_key or to_text(ctx.body().get("project_id"))
    if key:
        project = ctx.find_project(key)
        ctx.authorize(project, "add_issues")
        attrs.setdefault("project_id", project.id)
    elif not ctx.access.allowed_somewhere(ctx.user, "add_issues"):
        raise ctx.deny()
    edit = Edit(draft, None)
    issue_assign.assign(ctx, edit, attrs)
    files = uploads.tokens(ctx, attrs)
    if errors := issue_checks.errors(ctx, edit) + uploads.errors(files):
        raise invalid(errors)
    issue = issue_save.create(ctx, edit)
    uploads.attach(ctx, files, f"issue:{issue.id}")
    return ctx.created({"issue": issue_render.alone(ctx, issue, with_hours=bool(key))}, f"/issues/{issue.id}")


def update(ctx: Context, key: str) -> Response:
    issue = ctx.find_issue(key)
    project = ctx.state.projects[issue.project_id]
    ctx.authorize(project, "edit_issues", "edit_own_issues", "add_issue_notes")
    if isinstance(ctx.body().get("issue"), str):
        raise server_error()
    attrs = ctx.params("issue")
    edit = issue_assign.start_edit(issue)
    issue_assign.assign(ctx, edit, attrs)
    files = uploads.tokens(ctx, attrs)
    if errors := issue_checks.errors(ctx, edit) + uploads.errors(files):
        raise invalid(errors)
    if edit.stale:
        raise invalid([])
    attached = uploads.attach(ctx, files, f"issue:{issue.id}")
    issue_save.update(ctx, edit, [uploads.detail(row) for row in attached])
    return done()


def delete(ctx: Context, key: str) -> Response:
    """Subtasks go with it."""
    issue = ctx.find_issue(key)
    ctx.authorize(ctx.state.projects[issue.project_id], "delete_issues")
    for child in list(ctx.state.descendants_of(issue.id)):
        ctx.state.drop_issue(child)
    ctx.state.drop_issue(issue)
    issue_save.recalculate(ctx, issue.parent_id)
    return done()


def add_watcher(ctx: Context, key: str) -> Response:
    issue = ctx.find_issue(key)
    ctx.authorize(ctx.state.projects[issue.project_id], "add_issue_watchers")
    number = to_int(ctx.body().get("user_id"))
    user = ctx.state.users.get(number)
    if user and not user.locked and number not in issue.watchers:
        issue.watchers.append(number)
    return done()


def drop_watcher(ctx: Context, key: str, user_id: str) -> Response:
    issue = ctx.find_issue(key)
    ctx.authorize(ctx.state.projects[issue.project_id], "delete_issue_watchers")
    if int(user_id) not in ctx.state.users:
        raise not_found()
    if int(user_id) in issue.watchers:
        issue.watchers.remove(int(user_id))
    return done()


def edit_journal(ctx: Context, number: str) -> Response:
    """Changes a note without touching the issue; an empty note deletes a journal that has no details."""
    journal = ctx.state.journals.get(int(number))
    if journal is None:
        raise not_found()
    issue = ctx.state.issues[journal.issue_id]
    project = ctx.state.projects[issue.project_id]
    may_see = not journal.private or journal.user_id == ctx.user.id
    may_see = may_see or ctx.access.allowed(ctx.user, "view_private_notes", project)
    if not may_see or not ctx.access.issue_visible(ctx.user, issue):
        raise not_found()
    is_own = journal.user_id == ctx.user.id and ctx.access.allowed(ctx.user, "edit_own_issue_notes", project)
    if not ctx.user.logged or not (is_own or ctx.access.allowed(ctx.user, "edit_issue_notes", project)):
        raise ctx.deny()
    attrs = ctx.params("journal")
    if "notes" in attrs:
        journal.notes = to_text(attrs["notes"])
    if "private_notes" in attrs and ctx.access.allowed(ctx.user, "set_notes_private", project):
        journal.private = to_bool(attrs["private_notes"])
    journal.updated_on, journal.updated_by = ctx.now, ctx.user.id
    if not (journal.notes or "").strip() and not journal.details:
        ctx.state.drop_journal(journal)
    return done()


ROUTES: list[Route] = [
    ("GET", r"/issues\.json", issue_list.index),
    ("GET", r"/projects/([^/]+)/issues\.json", issue_list.index),
    ("POST", r"/issues\.json", create),
    ("POST", r"/projects/([^/]+)/issues\.json", create),
    ("GET", r"/issues/(\d+)\.json", show),
    ("PUT", r"/issues/(\d+)\.json", update),
    ("DELETE", r"/issues/(\d+)\.json", delete),
    ("POST", r"/issues/(\d+)/watchers\.json", add_watcher),
    ("DELETE", r"/issues/(\d+)/watchers/(\d+)\.json", drop_watcher),
    ("PUT", r"/journals/(\d+)\.json", edit_journal),
]
