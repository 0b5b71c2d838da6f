"""Versions and issue categories of projects."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine.context import Context, custom_fields, custom_values, done, invalid, not_found, ref, shown
from bridge.sandbox.redmine.issue_assign import custom_rows
from bridge.sandbox.redmine.model import Category, Project, Version
from bridge.sandbox.redmine.values import NotADateError, to_date, to_id, to_text

_STATUSES = ("open", "locked", "closed")
_SHARINGS = ("none", "descendants", "hierarchy", "tree", "system")


def render(ctx: Context, version: Version, *, in_list: bool = False) -> dict[str, Any]:
    project = ctx.state.projects[version.project_id]
    data: dict[str, Any] = {
        "id": version.id,
        "project": ref(project),
        "name": version.name,
        "description": version.description,
        "status": version.status,
        "due_date": str(version.due_date) if version.due_date else None,
        "sharing": version.sharing,
        "wiki_page_title": version.wiki_page_title,
    }
    if not in_list and ctx.access.allowed(ctx.user, "view_time_entries", project):
        issues = [issue for issue in ctx.state.issues_of(project.id) if issue.fixed_version_id == version.id]
        data["estimated_hours"] = sum((issue.estimated_hours or 0.0 for issue in issues), 0.0)
        data["spent_hours"] = sum((ctx.state.spent_hours(issue.id) for issue in issues), 0.0)
    data |= custom_values((field, version.custom.get(field.id)) for field in custom_fields(ctx, "version"))
    return data | {"created_on": shown(version.created_on), "updated_on": shown(version.updated_on)}


def index(ctx: Context, key: str) -> Response:
    """The whole list: versions know no pages."""
    project = ctx.find_project(key)
    ctx.authorize(project, "view_issues", "manage_versions")
    rows = [version for version in ctx.state.versions.values() if version.project_id == project.id]
    shown_rows = [render(ctx, version, in_list=True) for version in rows]
    return json_response({"versions": shown_rows, "total_count": len(rows)})


def show(ctx: Context, number: str) -> Response:
    version, project = _find_version(ctx, number)
    ctx.authorize(project, "view_issues", "manage_versions")
    return json_response({"version": render(ctx, version)})


def _find_version(ctx: Context, number: str) -> tuple[Version, Project]:
    version = ctx.state.versions.get(int(number))
    if version is None:
        raise not_found()
    return version, ctx.state.projects[version.project_id]


def create(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "manage_versions")
    version = Version(0, project.id, "", ctx.now, ctx.now)
    if errors := _assign(ctx, version, ctx.params("version")):
        raise invalid(errors)
    version.id = ctx.state.next_id("version")
    ctx.state.versions[version.id] = version
    return ctx.created({"version": render(ctx, version)}, f"/versions/{version.id}")


def update(ctx: Context, number: str) -> Response:
    version, project = _find_version(ctx, number)
    ctx.authorize(project, "manage_versions")
    before = (version.name, version.status, version.due_date)
    if errors := _assign(ctx, version, ctx.params("version")):
        version.name, version.status, version.due_date = before
        raise invalid(errors)
    version.updated_on = ctx.now
    return done()


def _assign(ctx: Context, version: Version, attrs: dict[str, Any]) -> list[str]:
    errors = []
    for name in ("name", "description", "status", "wiki_page_title"):
        if name in attrs:
            setattr(version, name, to_text(attrs[name]))
    known = {field.id for field in custom_fields(ctx, "version")}
    version.custom |= {number: value for number, value in custom_rows(attrs).items() if number in known}
    if attrs.get("sharing") in _SHARINGS:
        version.sharing = attrs["sharing"]
    others = [other for other in ctx.state.versions.values() if other.project_id == version.project_id]
    if not version.name.strip():
        errors.append("Name cannot be blank")
    elif any(other.name == version.name and other.id != version.id for other in others):
        errors.append("Name has already been taken")
    if len(version.name) > 60:
        errors.append("Name is too long (maximum is 60 characters)")
    if "due_date" in attrs:
        try:
            version.due_date = to_date(attrs["due_date"])
        except NotADateError:
            errors.append("Due date is not a valid date")
    if version.status not in _STATUSES:
        errors.append("Status is not included in the list")
    return errors


def _category(ctx: Context, category: Category) -> dict[str, Any]:
    data = {"id": category.id, "project": ref(ctx.state.projects[category.project_id]), "name": category.name}
    if category.assigned_to_id:
        data["assigned_to"] = ref(ctx.state.users[category.assigned_to_id])
    return data


def categories(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "manage_categories")
    rows = [category for category in ctx.state.categories.values() if category.project_id == project.id]
    shown_rows = [_category(ctx, category) for category in sorted(rows, key=lambda category: category.name)]
    return json_response({"issue_categories": shown_rows, "total_count": len(rows)})


def create_category(ctx: Context, key: str) -> Response:
    """The Location is a path without a host, as Redmine 5.0 sends it."""
    project = ctx.find_project(key)
    ctx.authorize(project, "manage_categories")
    attrs = ctx.params("issue_category")
    name = to_text(attrs.get("name"))
    if not name.strip():
        raise invalid(["Name cannot be blank"])
    if any(other.name == name and other.project_id == project.id for other in ctx.state.categories.values()):
        raise invalid(["Name has already been taken"])
    assignee = to_id(attrs.get("assigned_to_id"))
    number = ctx.state.next_id("category")
    category = Category(number, project.id, name, assignee if assignee in ctx.state.users else None)
    ctx.state.categories[number] = category
    location = {"Location": f"/issue_categories/{number}"}
    return json_response({"issue_category": _category(ctx, category)}, 201, location)


def category(ctx: Context, number: str) -> Response:
    row = ctx.state.categories.get(int(number))
    if row is None:
        raise not_found()
    ctx.authorize(ctx.state.projects[row.project_id], "manage_categories")
    return json_response({"issue_category": _category(ctx, row)})


ROUTES: list[Route] = [
    ("GET", r"/projects/([^/]+)/versions\.json", index),
    ("POST", r"/projects/([^/]+)/versions\.json", create),
    ("GET", r"/versions/(\d+)\.json", show),
    ("PUT", r"/versions/(\d+)\.json", update),
    ("GET", r"/projects/([^/]+)/issue_categories\.json", categories),
    ("POST", r"/projects/([^/]+)/issue_categories\.json", create_category),
    ("GET", r"/issue_categories/(\d+)\.json", category),
]
