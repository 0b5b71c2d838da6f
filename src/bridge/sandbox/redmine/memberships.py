"""Memberships of projects."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import inheritance
from bridge.sandbox.redmine.context import Context, done, invalid, not_found, ref, server_error
from bridge.sandbox.redmine.model import Member, Project
from bridge.sandbox.redmine.values import to_id, to_int


def render(ctx: Context, member: Member, *, with_user: bool = True) -> dict[str, Any]:
    roles = ctx.state.roles
    data: dict[str, Any] = {"id": member.id, "project": ref(ctx.state.projects[member.project_id])}
    if with_user:
        data["user"] = ref(ctx.state.users[member.user_id])
    given = sorted([(number, False) for number in member.roles] + [(number, True) for number in member.inherited])
    data["roles"] = [ref(roles[number]) | ({"inherited": True} if inherited else {}) for number, inherited in given]
    return data


def index(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "view_members", "manage_members")
    rows = ctx.state.members_of(project.id).values()
    return ctx.listing("memberships", sorted(rows, key=lambda member: member.id), lambda member: render(ctx, member))


def create(ctx: Context, key: str) -> Response:
    """With `user_ids` either all are added or none, but only the first is looked at for the answer.

    So a first one that would do and a second that would not is a server error, as is a missing membership (5.0.4).
    """
    project = ctx.find_project(key)
    ctx.authorize(project, "manage_members")
    attrs = ctx.params("membership")
    if "membership" not in ctx.body():
        raise server_error()
    wanted = attrs.get("user_id") or attrs.get("user_ids")
    users = [to_id(user) for user in (wanted if isinstance(wanted, list) else [wanted])]
    roles = _roles(ctx, attrs)
    errors = [_errors(ctx, project, user, roles) for user in users]
    if errors[0]:
        raise invalid(errors[0])
    if any(errors):
        raise server_error()
    added = [Member(ctx.state.next_id("member"), project.id, user, list(roles)) for user in users if user]
    for member in added:
        ctx.state.put_member(member)
    inheritance.spread_below(ctx.state, project)
    return ctx.created({"membership": render(ctx, added[0])}, f"/memberships/{added[0].id}")


def _errors(ctx: Context, project: Project, user_id: int | None, roles: list[int]) -> list[str]:
    errors = []
    if user_id not in ctx.state.users:
        errors.append("Principal cannot be blank")
    elif user_id in ctx.state.members_of(project.id):
        errors.append("User has already been taken")
    return errors if roles else [*errors, "Role cannot be empty"]


def _roles(ctx: Context, attrs: dict[str, Any]) -> list[int]:
    given = attrs.get("role_ids")
    known = {role.id for role in ctx.state.roles.values() if not role.builtin}
    numbers = [to_int(value) for value in given] if isinstance(given, list) else []
    return [number for number in dict.fromkeys(numbers) if number in known]


def _find(ctx: Context, number: str) -> tuple[Member, Project]:
    member = ctx.state.members.get(int(number))
    if member is None:
        raise not_found()
    return member, ctx.state.projects[member.project_id]


def show(ctx: Context, number: str) -> Response:
    member, project = _find(ctx, number)
    ctx.authorize(project, "view_members", "manage_members")
    return json_response({"membership": render(ctx, member)})


def update(ctx: Context, number: str) -> Response:
    """An empty or missing list of roles is refused with 422, and yet the member has lost them (5.0.4)."""
    member, project = _find(ctx, number)
    ctx.authorize(project, "manage_members")
    attrs = ctx.params("membership")
    member.roles = _roles(ctx, attrs)
    inheritance.spread_below(ctx.state, project)
    if not member.roles and not member.inherited:
        raise invalid(["Role cannot be empty"])
    return done()


def delete(ctx: Context, number: str) -> Response:
    member, project = _find(ctx, number)
    ctx.authorize(project, "manage_members")
    if member.inherited:
        return Response(422, b"", "application/json")
    ctx.state.drop_member(member)
    inheritance.spread_below(ctx.state, project)
    return done()


ROUTES: list[Route] = [
    ("GET", r"/projects/([^/]+)/memberships\.json", index),
    ("POST", r"/projects/([^/]+)/memberships\.json", create),
    ("GET", r"/memberships/(\d+)\.json", show),
    ("PUT", r"/memberships/(\d+)\.json", update),
    ("DELETE", r"/memberships/(\d+)\.json", delete),
]
