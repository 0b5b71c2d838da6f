"""Users: oneself, the admins' list, and single ones that may be seen."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import memberships
from bridge.sandbox.redmine.context import Context, not_found, shown
from bridge.sandbox.redmine.model import ARCHIVED, User


def render(ctx: Context, user: User, *, in_list: bool = False) -> dict[str, Any]:
    """Others' mail addresses are for admins only (5.0.4 hides them even from oneself at /users/current)."""
    is_admin, is_self = ctx.user.admin, ctx.user.id == user.id
    data: dict[str, Any] = {"id": user.id, "login": user.login}
    if is_admin or is_self:
        data["admin"] = user.admin
    data |= {"firstname": user.firstname, "lastname": user.lastname}
    if is_admin:
        data["mail"] = user.mail
    data |= {
        "created_on": shown(user.created_on),
        "updated_on": shown(user.created_on),
        "last_login_on": None,
        "passwd_changed_on": None if user.admin else shown(user.created_on),
    }
    if is_admin or is_self:
        data["twofa_scheme"] = None
    if not in_list:
        if is_admin or is_self:
            data["api_key"] = user.api_key
        if is_admin:
            data["status"] = 3 if user.locked else 1
    return data


def current(ctx: Context) -> Response:
    ctx.require_login()
    return _answer(ctx, ctx.user)


def _answer(ctx: Context, user: User) -> Response:
    data, wanted = render(ctx, user), ctx.includes()
    if "groups" in wanted and ctx.user.admin:
        data["groups"] = []
    if "memberships" in wanted:
        rows = [member for member in ctx.state.members.values() if member.user_id == user.id]
        data["memberships"] = [
            memberships.render(ctx, member, with_user=False)
            for member in sorted(rows, key=lambda member: member.id)
            if ctx.state.projects[member.project_id].status != ARCHIVED
            and ctx.access.project_visible(ctx.user, ctx.state.projects[member.project_id])
        ]
    return json_response({"user": data})


def index(ctx: Context) -> Response:
    """Admins only. Active users, unless `status` says otherwise (3: locked, empty: all)."""
    ctx.require_admin()
    query = ctx.request.query
    status, name = query.get("status", "1"), query.get("name", "").lower()
    rows = sorted(ctx.state.users.values(), key=lambda user: user.login)
    if status in {"1", "3"}:
        rows = [user for user in rows if user.locked == (status == "3")]
    if name:
        rows = [user for user in rows if name in f"{user.login} {user.name} {user.mail}".lower()]
    return ctx.listing("users", rows, lambda user: render(ctx, user, in_list=True))


def show(ctx: Context, number: str) -> Response:
    """Anybody sees anybody, also without a key; 404 for locked users, but to admins."""
    user = ctx.state.users.get(int(number))
    if user is None or (user.locked and not ctx.user.admin):
        raise not_found()
    return _answer(ctx, user)


def account(ctx: Context) -> Response:
    ctx.require_login()
    data = render(ctx, ctx.user)
    keys = ("id", "login", "admin", "firstname", "lastname")
    mine = {key: data[key] for key in keys} | {"mail": ctx.user.mail}
    mine |= {key: data[key] for key in ("created_on", "last_login_on", "api_key")}
    return json_response({"user": mine})


ROUTES: list[Route] = [
    ("GET", r"/users/current\.json", current),
    ("GET", r"/users\.json", index),
    ("GET", r"/users/(\d+)\.json", show),
    ("GET", r"/my/account\.json", account),
]
