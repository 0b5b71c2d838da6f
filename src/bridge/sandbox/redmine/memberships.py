"""Memberships of projects."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, json_response
from bridge.sandbox.redmine import inheritance
from bridge.sandbox.redmine.context import AbortError, Context, done, invalid, not_found, ref
from bridge.sandbox.redmine.model import Member, Project
from bridge.sandbox.redmine.values import to_id, to_int


def render(ctx: Context, member: Member, *, with_user: bool = True) -> dict[str, Any]:
    roles = ctx.state.roles
    data: dict[str, Any] = {"id": member.id, "project": ref(ctx.state.projects[member.project_id])}
    if with_user:
        data["user"] = ref(ctx.state.users[member.user_id])
    data["roles"] = [ref(roles[number]) for number in member.roles]
    data["roles"] += [{**ref(roles[number]), "inherited": True} for number in member.inherited]
    return data


def index(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "view_members", "manage_members")
    users = ctx.state.users
    rows = [member for member in ctx.state.members_of(project.id).values() if not users[member.user_id].locked]
    return ctx.listing("memberships", sorted(rows, key=lambda member: member.id), lambda member: render(ctx, member))


def create(ctx: Context, key: str) -> Response:
    """With `user_ids` all are added, but only the first is answered for (and one that fails there is a 500)."""
    project = ctx.find_project(key)
    ctx.authorize(project, "manage_members")
    attrs = ctx.params("membership")
    wanted = attrs.get("user_id") or attrs.get("user_ids")
    users = wanted if isinstance(wanted, list) else [wanted]
    roles = _roles(ctx, attrs)
    answers = [_add(ctx, project, to_id(user), roles) for user in users]
    first = answers[0]
    if isinstance(first, Member):
        inheritance.spread_below(ctx.state, project)
        return ctx.created({"membership": render(ctx, first)}, f"/memberships/{first.id}")
    if len(answers) > 1:
        raise AbortError(500, {"status": 500, "error": "Internal Server Error"})
    raise invalid(first)


def _add(ctx: Context, project: Project, user_id: int | None, roles: list[int]) -> Member | list[str]:
    errors = []
    if user_id not in ctx.state.users:
        errors.append("Principal cannot be blank")
    elif user_id in ctx.state.members_of(project.id):
        errors.append("User has already been taken")
    if not roles:
        errors.append("Role cannot be empty")
    if errors or user_id is None:
        return errors
    member = Member(ctx.state.next_id("member"), project.id, user_id, roles)
    ctx.state.put_member(member)
    return member


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
    """An empty list of roles is refused with 422, and yet the member has lost them (5.0.4)."""
    member, project = _find(ctx, number)
    ctx.authorize(project, "manage_members")
    attrs = ctx.params("membership")
    if "role_ids" in attrs:
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


ROUTES = [
    ("GET", r"/projects/([^/]+)/memberships\.json", index),
    ("POST", r"/projects/([^/]+)/memberships\.json", create),
    ("GET", r"/memberships/(\d+)\.json", show),
    ("PUT", r"/memberships/(\d+)\.json", update),
    ("DELETE", r"/memberships/(\d+)\.json", delete),
]
