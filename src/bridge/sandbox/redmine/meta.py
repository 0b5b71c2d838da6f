"""What an administrator set up: roles, trackers, statuses, enumerations, custom fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine.context import Context, not_found, ref
from bridge.sandbox.redmine.model import CustomField, Named, Priority
from bridge.sandbox.redmine.workflow import DEFAULT_STATUS

_CORE_FIELDS = ["assigned_to_id", "category_id", "fixed_version_id", "parent_issue_id", "start_date", "due_date"]
_CORE_FIELDS += ["estimated_hours", "done_ratio", "description"]


def roles(ctx: Context) -> Response:
    given = [ref(role) for role in ctx.state.roles.values() if not role.builtin]
    return json_response({"roles": given})


def role(ctx: Context, number: str) -> Response:
    row = ctx.state.roles.get(int(number))
    if row is None:
        raise not_found()
    data = {
        **ref(row),
        "assignable": row.assignable,
        "issues_visibility": row.issues_visibility,
        "time_entries_visibility": "all",
        "users_visibility": "all",
        "permissions": row.permissions,
    }
    return json_response({"role": data})


def trackers(ctx: Context) -> Response:
    default = ref(ctx.state.statuses[DEFAULT_STATUS])
    core = _CORE_FIELDS[:6] + (["priority_id"] if ctx.at_least(6) else []) + _CORE_FIELDS[6:]
    rows = [
        {**ref(row), "default_status": default, "description": None, "enabled_standard_fields": core}
        for row in ctx.state.trackers.values()
    ]
    return json_response({"trackers": rows})


def statuses(ctx: Context) -> Response:
    extra = {"description": None} if ctx.at_least(6) else {}
    rows = [{**ref(row), "is_closed": row.is_closed, **extra} for row in ctx.state.statuses.values()]
    return json_response({"issue_statuses": rows})


def _enumeration(key: str, rows: Sequence[Named | Priority]) -> Response:
    data = [{**ref(row), "is_default": getattr(row, "is_default", False), "active": True} for row in rows]
    return json_response({key: data})


def priorities(ctx: Context) -> Response:
    return _enumeration("issue_priorities", list(ctx.state.priorities.values()))


def activities(ctx: Context) -> Response:
    return _enumeration("time_entry_activities", list(ctx.state.activities.values()))


def custom_fields(ctx: Context) -> Response:
    ctx.require_admin()
    return json_response({"custom_fields": [_field(ctx, field) for field in ctx.state.custom_fields.values()]})


def _field(ctx: Context, field: CustomField) -> dict[str, Any]:
    data = {
        "id": field.id,
        "name": field.name,
        "customized_type": field.customized,
        "field_format": field.field_format,
        "regexp": "",
        "min_length": None,
        "max_length": None,
        "is_required": False,
        "is_filter": field.is_filter,
        "searchable": field.searchable,
        "multiple": False,
        "default_value": None,
        "visible": True,
    }
    if ctx.at_least(6):
        data |= {"description": None, "editable": True}
    if field.possible_values:
        data["possible_values"] = [{"value": value, "label": value} for value in field.possible_values]
    if field.customized == "issue":
        data |= {"trackers": [ref(row) for row in ctx.state.trackers.values()], "roles": []}
    return data


ROUTES: list[Route] = [
    ("GET", r"/roles\.json", roles),
    ("GET", r"/roles/(\d+)\.json", role),
    ("GET", r"/trackers\.json", trackers),
    ("GET", r"/issue_statuses\.json", statuses),
    ("GET", r"/enumerations/issue_priorities\.json", priorities),
    ("GET", r"/enumerations/time_entry_activities\.json", activities),
    ("GET", r"/custom_fields\.json", custom_fields),
]
