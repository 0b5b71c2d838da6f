"""Requests for change: opened about incidents, decided by people, never by who opened them."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route
from bridge.sandbox.itsm.context import Context, RefusedError, ok
from bridge.sandbox.itsm.model import FINAL, Rfc

_STATES = ("requested", "in_review", "approved", "rejected", "implemented")
_DECISIONS = frozenset({"approved", "rejected"})
_PAGE = 20


def _row(ctx: Context, rfc: Rfc) -> dict[str, Any]:
    return {
        "number": rfc.number,
        "url": f"{ctx.request.base_url}/rfcs/{rfc.number}",
        "title": rfc.title,
        "state": rfc.state,
        "visibility": rfc.visibility,
        "created_by": rfc.created_by,
        "created_at": ctx.time(rfc.created_at),
    }


def _whole(ctx: Context, rfc: Rfc) -> dict[str, Any]:
    return {**_row(ctx, rfc), "text": rfc.text, "incidents": rfc.incidents, "decided_by": rfc.decided_by or None}


def index(ctx: Context) -> Response:
    """Newest first, without texts. `q` finds what has any of its words."""
    words = ctx.request.query.get("q", "").lower().split()
    rows = [
        rfc
        for rfc in reversed(ctx.state.rfcs.values())
        if not words or any(word in f"{rfc.title}\n{rfc.text}".lower() for word in words)
    ]
    start = (max(ctx.number("page", 1), 1) - 1) * _PAGE
    return ok({"items": [_row(ctx, rfc) for rfc in rows[start : start + _PAGE]], "total": len(rows)})


def create(ctx: Context) -> Response:
    attrs = ctx.body()
    if not str(attrs.get("title") or "").strip():
        raise RefusedError("invalid", "title is missing")
    visibility = str(attrs.get("visibility") or "public")
    if visibility not in {"internal", "public"}:
        raise RefusedError("invalid", "visibility is internal or public")
    keys = attrs.get("incidents") or []
    if not isinstance(keys, list):
        raise RefusedError("invalid", "incidents is a list")
    named = [ctx.find(str(key)) for key in keys]
    for incident in named:
        if incident.state in FINAL:
            raise RefusedError("final", f"{incident.number} is {incident.state} and cannot be named any more")
    number = f"CHG{ctx.state.next_id('rfc'):07}"
    rfc = Rfc(number, str(attrs["title"]), str(attrs.get("text") or ""), ctx.agent.login, ctx.now)
    rfc.visibility, rfc.incidents = visibility, [incident.id for incident in named]
    ctx.state.rfcs[number] = rfc
    for incident in named:
        ctx.changed(incident, "rfc", "rfcs", None, number)
    return ok({"rfc": _whole(ctx, rfc)}, 201)


def show(ctx: Context, key: str) -> Response:
    return ok({"rfc": _whole(ctx, find(ctx, key))})


def change(ctx: Context, key: str) -> Response:
    """The state only; other keys are ignored without a word."""
    rfc, state = find(ctx, key), str(ctx.body().get("state") or "")
    if state and state not in _STATES:
        raise RefusedError("invalid", f"there is no state {state!r}")
    if state in _DECISIONS:
        if ctx.agent.login == rfc.created_by:
            raise RefusedError("four_eyes", f"{rfc.number} is decided by somebody else than who opened it")
        rfc.decided_by = ctx.agent.login
    rfc.state = state or rfc.state
    return ok({"rfc": _whole(ctx, rfc)})


def find(ctx: Context, key: str) -> Rfc:
    if rfc := ctx.state.rfcs.get(key.upper()):
        return rfc
    raise RefusedError("not_found", f"there is no request for change {key}")


ROUTES: list[Route] = [
    ("GET", r"/api/rfcs", index),
    ("POST", r"/api/rfcs", create),
    ("GET", r"/api/rfcs/([^/]+)", show),
    ("PATCH", r"/api/rfcs/([^/]+)", change),
]
