"""Projects: list, show, create, update, close, reopen, archive, unarchive."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import filters, inheritance
from bridge.sandbox.redmine.context import (
    AbortError,
    Context,
    custom_fields,
    custom_values,
    done,
    invalid,
    ref,
    server_error,
    shown,
)
from bridge.sandbox.redmine.issue_assign import custom_rows
from bridge.sandbox.redmine.model import ACTIVE, ARCHIVED, CLOSED, Member, Project
from bridge.sandbox.redmine.values import to_bool, to_int, to_text

DEFAULT_MODULES = ["issue_tracking", "time_tracking", "news", "documents", "files", "wiki", "repository", "boards"]
DEFAULT_MODULES += ["calendar", "gantt"]
_IDENTIFIER = re.compile(r"(?!\d+$)[a-z0-9\-_]*")
_TEXT_FILTERS = {"name": "text", "description": "text"}
_SORTABLE = {"name", "status", "identifier", "is_public", "created_on"}


def render(ctx: Context, project: Project, *, in_list: bool = False) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": project.id,
        "name": project.name,
        "identifier": project.identifier,
        "description": project.description,
    }
    if not in_list or ctx.at_least(6):
        data["homepage"] = project.homepage
    parent = ctx.state.projects.get(project.parent_id or 0)
    if parent and ctx.access.project_visible(ctx.user, parent):
        data["parent"] = ref(parent)
    data |= {"status": project.status, "is_public": project.is_public, "inherit_members": project.inherit_members}
    data |= custom_values((field, project.custom.get(field.id)) for field in custom_fields(ctx, "project"))
    data |= _includes(ctx, project)
    data |= {"created_on": shown(project.created_on), "updated_on": shown(project.updated_on)}
    return data


def _includes(ctx: Context, project: Project) -> dict[str, Any]:
    """For-all issue custom fields are shown from 6.0 on only."""
    state, wanted = ctx.state, ctx.includes()
    data: dict[str, Any] = {}
    if "trackers" in wanted:
        data["trackers"] = [ref(state.trackers[number]) for number in sorted(project.tracker_ids)]
    if "issue_categories" in wanted:
        found = [category for category in state.categories.values() if category.project_id == project.id]
        data["issue_categories"] = [ref(category) for category in sorted(found, key=lambda category: category.name)]
    if "time_entry_activities" in wanted:
        data["time_entry_activities"] = [ref(activity) for activity in state.activities.values()]
    if "enabled_modules" in wanted:
        data["enabled_modules"] = [{"id": number, "name": name} for name, number in project.modules.items()]
    if "issue_custom_fields" in wanted:
        fields = [field for field in state.custom_fields.values() if field.customized == "issue"]
        chosen = project.issue_custom_field_ids
        data["issue_custom_fields"] = [
            ref(field) for field in fields if field.id in chosen or (field.is_for_all and ctx.at_least(6))
        ]
    return data


def index(ctx: Context) -> Response:
    """Active projects only, unless the status filter says otherwise. Filters that make no sense are ignored."""
    conditions = [condition for condition in _conditions(ctx) if not filters.problem(condition)]
    visible = [project for project in _in_tree_order(ctx) if ctx.access.project_visible(ctx.user, project)]
    rows = [project for project in visible if all(_matches(ctx, condition, project) for condition in conditions)]
    for part in reversed(ctx.request.query.get("sort", "").split(",")):
        name, _, way = part.partition(":")
        if name in _SORTABLE:
            rows.sort(key=attrgetter(name), reverse=way == "desc")
    return ctx.listing("projects", rows, lambda project: render(ctx, project, in_list=True))


def _conditions(ctx: Context) -> list[filters.Filter]:
    kinds = _TEXT_FILTERS | {"id": "list", "status": "list", "is_public": "list", "created_on": "date_past"}
    kinds["parent_id"] = "list_subprojects"
    kinds |= {f"cf_{field.id}": field.field_format for field in custom_fields(ctx, "project") if field.is_filter}
    wanted = {"status": "1"} | ctx.request.query
    return [filters.parse(name, kinds[name], text) for name, text in wanted.items() if name in kinds]


def _matches(ctx: Context, condition: filters.Filter, project: Project) -> bool:
    name = condition.field
    if name.startswith("cf_"):
        return filters.text_matches(condition, project.custom.get(int(name[3:])))
    if name in _TEXT_FILTERS:
        return filters.text_matches(condition, getattr(project, name))
    if name == "created_on":
        return filters.in_span(project.created_on, filters.moments(condition, ctx.now.date()))
    if name == "is_public":
        return (str(int(project.is_public)) in condition.values) == (condition.operator == "=")
    return filters.id_matches(condition, getattr(project, name))


def _in_tree_order(ctx: Context) -> list[Project]:
    found: list[Project] = []
    below: dict[int | None, list[Project]] = {}
    for project in sorted(ctx.state.projects.values(), key=lambda project: (project.name.lower(), project.id)):
        below.setdefault(project.parent_id, []).append(project)

    def walk(parent_id: int | None) -> None:
        for project in below.get(parent_id, ()):
            found.append(project)
            walk(project.id)

    walk(None)
    return found


def show(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "view_project")
    return json_response({"project": render(ctx, project)})


def create(ctx: Context) -> Response:
    if not any(ctx.access.allowed_somewhere(ctx.user, name) for name in ("add_project", "add_subprojects")):
        raise ctx.deny()
    attrs, now = ctx.params("project"), ctx.now
    project = Project(0, "", "", now, now)
    project.tracker_ids = list(ctx.state.trackers)
    role = None if ctx.user.admin else ctx.state.creator_role()
    errors = _assign_parent(ctx, project, attrs) if "project" in ctx.body() else []
    if to_text(attrs.get("identifier")):
        project.identifier = to_text(attrs["identifier"])
    names: list[str] = list(DEFAULT_MODULES)
    if role is None or "select_project_modules" in role.permissions:
        names = _module_names(attrs) or names
    may_publish = role is None or not ctx.at_least(5, 1) or "select_project_publicity" in role.permissions
    _assign(ctx, project, attrs, may_publish=may_publish)
    if errors := _errors(ctx, project, is_new=True) + errors:
        raise invalid(errors)
    project.id = ctx.state.next_id("project")
    project.modules = {name: ctx.state.next_id("module") for name in names}
    ctx.state.projects[project.id] = project
    if project.inherit_members:
        inheritance.spread(ctx.state, project)
    if role and ctx.user.id not in ctx.state.members_of(project.id):
        ctx.state.put_member(Member(ctx.state.next_id("member"), project.id, ctx.user.id, [role.id]))
    return ctx.created({"project": render(ctx, project)}, f"/projects/{project.id}")


def update(ctx: Context, key: str) -> Response:
    """The identifier is ignored, whatever is sent. Modules and trackers alone do not move updated_on."""
    project = ctx.find_project(key)
    ctx.authorize(project, "edit_project")
    attrs, before = ctx.params("project"), project.inherit_members
    changed = replace(project, custom=dict(project.custom))
    errors = _assign_parent(ctx, changed, attrs) if "parent_id" in attrs else []
    may_publish = not ctx.at_least(5, 1) or ctx.access.allowed(ctx.user, "select_project_publicity", project)
    _assign(ctx, changed, attrs, may_publish=may_publish)
    if errors := _errors(ctx, changed, is_new=False) + errors:
        raise invalid(errors)
    if changed != replace(project, tracker_ids=changed.tracker_ids):
        changed.updated_on = ctx.now
    if "enabled_module_names" in attrs and ctx.access.allowed(ctx.user, "select_project_modules", project):
        names = _module_names(attrs)
        changed.modules = {name: project.modules.get(name) or ctx.state.next_id("module") for name in names}
    ctx.state.projects[project.id] = changed
    if changed.inherit_members != before:
        inheritance.spread(ctx.state, changed)
    return done()


def _assign_parent(ctx: Context, project: Project, attrs: dict[str, Any]) -> list[str]:
    """Below a parent `add_subprojects` is needed there, at the top `add_project`.

    An unknown parent is a server error for who may create at the top (5.0.4), else invalid.
    """
    wanted = to_text(attrs.get("parent_id"))
    parent = ctx.state.projects.get(to_int(wanted))
    if parent is None:
        is_root_allowed = ctx.access.allowed_somewhere(ctx.user, "add_project") or (
            project.id and not project.parent_id
        )
        if not is_root_allowed:
            return ["Subproject of is invalid"]
        if wanted:
            raise server_error()
        project.parent_id = None
        return []
    is_own = parent in ctx.state.project_tree(project) if project.id else False
    if parent.id != project.parent_id and (is_own or not ctx.access.allowed(ctx.user, "add_subprojects", parent)):
        return ["Subproject of is invalid"]
    project.parent_id = parent.id
    return []


def _assign(ctx: Context, project: Project, attrs: dict[str, Any], *, may_publish: bool) -> None:
    """Unknown attributes and fields are dropped; so is is_public for who may not choose it (5.1 and later).

    An unknown tracker is a 404 (5.0.4).
    """
    if "name" in attrs:
        project.name = to_text(attrs["name"])
    if "description" in attrs:
        project.description = None if attrs["description"] is None else to_text(attrs["description"])
    if "homepage" in attrs:
        project.homepage = to_text(attrs["homepage"])
    if "is_public" in attrs and may_publish:
        project.is_public = to_bool(attrs["is_public"])
    if "inherit_members" in attrs:
        project.inherit_members = to_bool(attrs["inherit_members"])
    if isinstance(attrs.get("tracker_ids"), list):
        wanted = {to_int(value) for value in attrs["tracker_ids"]} - {0}
        if wanted - ctx.state.trackers.keys():
            raise AbortError(404, {"status": 404, "error": "Not Found"})
        project.tracker_ids = sorted(wanted)
    if isinstance(attrs.get("issue_custom_field_ids"), list):
        project.issue_custom_field_ids = [to_int(value) for value in attrs["issue_custom_field_ids"]]
    known = {field.id for field in custom_fields(ctx, "project")}
    project.custom |= {number: value for number, value in custom_rows(attrs).items() if number in known}


def _module_names(attrs: dict[str, Any]) -> list[str]:
    names = attrs.get("enabled_module_names")
    return [name for name in DEFAULT_MODULES if name in names] if isinstance(names, list) else []


def _errors(ctx: Context, project: Project, *, is_new: bool) -> list[str]:
    name, identifier = project.name, project.identifier
    if not is_new:
        identifier = "unchanged"
    taken = is_new and any(other.identifier == identifier for other in ctx.state.projects.values())
    checks = (
        (not name.strip(), "Name cannot be blank"),
        (not identifier, "Identifier cannot be blank"),
        (taken, "Identifier has already been taken"),
        (len(name) > 255, "Name is too long (maximum is 255 characters)"),
        (len(identifier) > 100, "Identifier is too long (maximum is 100 characters)"),
        (not _IDENTIFIER.fullmatch(identifier), "Identifier is invalid"),
        (identifier == "new", "Identifier is reserved"),
    )
    return [message for is_wrong, message in checks if is_wrong]


def _set_status(ctx: Context, project: Project, status: int) -> Response:
    if project.status != status:
        _mark(project, status, ctx.now)
        for child in ctx.state.project_tree(project):
            if child.status != ARCHIVED or status == ACTIVE:
                _mark(child, status, ctx.now)
    return done()


def _mark(project: Project, status: int, now: datetime) -> None:
    project.status, project.updated_on = status, now


def close(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "close_project")
    return _set_status(ctx, project, CLOSED)


def reopen(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "close_project")
    return _set_status(ctx, project, ACTIVE)


def archive(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.require_admin()
    return _set_status(ctx, project, ARCHIVED)


def unarchive(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.require_admin()
    return _set_status(ctx, project, ACTIVE)


_KEY = r"/projects/([^/]+)"
ROUTES: list[Route] = [
    ("GET", r"/projects\.json", index),
    ("POST", r"/projects\.json", create),
    ("GET", rf"{_KEY}\.json", show),
    ("PUT", rf"{_KEY}\.json", update),
    *[
        (method, rf"{_KEY}/{name}\.json", handler)
        for name, handler in (("close", close), ("reopen", reopen), ("archive", archive), ("unarchive", unarchive))
        for method in ("PUT", "POST")
    ],
]
