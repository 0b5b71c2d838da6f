"""Incidents: create, list, show, change, with what each change of state means for the figures."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route
from bridge.sandbox.itsm import paging
from bridge.sandbox.itsm.context import Context, RefusedError, ok
from bridge.sandbox.itsm.model import CODES, FINAL, NAMES, Incident

_TEXTS = ["title", "description", "resolution", "type", "service", "category", "subcategory", "ci", "site", "caller"]
_TEXTS += ["parent"]
_LEVELS = ("priority", "impact", "urgency")


def render(ctx: Context, incident: Incident) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": incident.id,
        "number": incident.number,
        "url": f"{ctx.request.base_url}/incidents/{incident.id}",
        "state": incident.state,
        "state_code": CODES[incident.state],
        "hold_reason": incident.hold_reason or None,
    }
    data |= {name: getattr(incident, name) for name in (*_TEXTS, *_LEVELS)}
    data |= {
        "team": incident.team or None,
        "assignee": incident.assignee or None,
        "tags": incident.tags,
        "custom": incident.custom,
        "created_by": incident.created_by,
        "reopened_count": incident.reopened_count,
        "reassignment_count": incident.reassignment_count,
        "note_count": len(incident.notes),
    }
    for name in ("created_at", "updated_at", "acknowledged_at", "resolved_at", "closed_at"):
        data[name] = ctx.time(getattr(incident, name))
    return data


def index(ctx: Context) -> Response:
    query = ctx.request.query
    updated, created = ctx.since("updated_since"), ctx.since("created_since")
    states = {_state(text) for text in query.get("state", "").split(",") if text}
    words = query.get("q", "").lower()
    same = {name: query[name] for name in ("team", "assignee", "service") if name in query}
    rows = [
        row
        for row in ctx.state.incidents.values()
        if (updated is None or row.updated_at >= updated)
        and (created is None or row.created_at >= created)
        and (not states or row.state in states)
        and (not words or words in f"{row.title}\n{row.description}".lower())
        and all(getattr(row, name) == value for name, value in same.items())
    ]
    return paging.respond(ctx, rows, lambda row: render(ctx, row))


def show(ctx: Context, key: str) -> Response:
    return ok({"incident": render(ctx, ctx.find(key))})


def create(ctx: Context) -> Response:
    attrs = ctx.body()
    if not str(attrs.get("title") or "").strip():
        raise RefusedError("invalid", "title is missing")
    _check(ctx, attrs)
    number = ctx.state.next_id("incident")
    incident = Incident(number, f"INC{number:07}", "", ctx.agent.login, ctx.now, ctx.now)
    ctx.state.incidents[number] = incident
    ctx.changed(incident, "created")
    state = _state(attrs.pop("state", "new"))
    for name, value in _values(attrs):
        setattr(incident, name, value)
    incident.custom = _custom(attrs)
    incident.acknowledged_at = ctx.now if incident.assignee else None
    if state != "new":
        _move(ctx, incident, state, attrs)
    return ok({"incident": render(ctx, incident)}, 201)


def change(ctx: Context, key: str) -> Response:
    """All or nothing: what is refused changes nothing. A PATCH that changes nothing leaves updated_at alone."""
    incident, attrs = ctx.find(key), ctx.body()
    _check(ctx, attrs)
    target = _state(attrs["state"]) if "state" in attrs else incident.state
    _check_move(incident, target, attrs)
    for name, value in _values(attrs):
        _set(ctx, incident, name, value)
    for name, text in _custom(attrs).items():
        old = incident.custom.get(name)
        if old != text:
            incident.custom[name] = text
            ctx.changed(incident, "field", f"custom.{name}", old, text)
    if target != incident.state:
        _move(ctx, incident, target, attrs)
    elif target == "pending" and attrs.get("hold_reason"):
        _set(ctx, incident, "hold_reason", str(attrs["hold_reason"]))
    return ok({"incident": render(ctx, incident)})


def _state(value: Any) -> str:
    """By name ("in progress" too) or code."""
    text = str(value).strip().lower().replace(" ", "_")
    name = NAMES.get(int(text), "") if text.isdigit() else text
    if name not in CODES:
        raise RefusedError("invalid", f"there is no state {value!r}")
    return name


def _check(ctx: Context, attrs: dict[str, Any]) -> None:
    assignee = attrs.get("assignee")
    if assignee and (assignee not in ctx.state.agents or not ctx.state.agents[assignee].active):
        raise RefusedError("invalid", f"there is no agent {assignee!r}")
    for name in _LEVELS:
        if name in attrs and attrs[name] not in {1, 2, 3, 4, 5}:
            raise RefusedError("invalid", f"{name} is a number from 1 to 5")
    if "custom" in attrs and not isinstance(attrs["custom"], dict):
        raise RefusedError("invalid", "custom is an object")


def _check_move(incident: Incident, target: str, attrs: dict[str, Any]) -> None:
    if incident.state in FINAL and (target != incident.state or attrs.keys() - {"custom", "tags", "state"}):
        raise RefusedError("final", f"{incident.number} is {incident.state} and cannot be changed any more")
    if target == "pending" and incident.state != "pending" and not str(attrs.get("hold_reason") or "").strip():
        raise RefusedError("invalid", "pending needs a hold_reason")
    if incident.state == "solved" and target in {"new", "pending", "cancelled"}:
        raise RefusedError("invalid", f"a solved incident cannot become {target}")


def _values(attrs: dict[str, Any]) -> list[tuple[str, Any]]:
    """The plain attributes a request sets; null empties a text."""
    found: list[tuple[str, Any]] = [(name, str(attrs[name] or "")) for name in _TEXTS if name in attrs]
    found += [(name, attrs[name]) for name in _LEVELS if name in attrs]
    found += [(name, str(attrs[name] or "")) for name in ("team", "assignee") if name in attrs]
    if isinstance(attrs.get("tags"), list):
        found.append(("tags", [str(tag) for tag in attrs["tags"]]))
    return found


def _custom(attrs: dict[str, Any]) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in (attrs.get("custom") or {}).items()}


def _set(ctx: Context, incident: Incident, name: str, value: Any) -> None:
    """A new assignee or team counts as a reassignment if there was one before."""
    old = getattr(incident, name)
    if old == value:
        return
    setattr(incident, name, value)
    ctx.changed(incident, "field", name, str(old) or None, str(value) or None)
    if name in {"assignee", "team"} and old and value:
        incident.reassignment_count += 1
    if name == "assignee" and value and incident.acknowledged_at is None:
        incident.acknowledged_at = ctx.now


def _move(ctx: Context, incident: Incident, target: str, attrs: dict[str, Any]) -> None:
    old, incident.state = incident.state, target
    ctx.changed(incident, "field", "state", old, target)
    if target not in {"new", "cancelled"} and incident.acknowledged_at is None:
        incident.acknowledged_at = ctx.now
    if target == "pending":
        _set(ctx, incident, "hold_reason", str(attrs.get("hold_reason") or ""))
    elif old == "pending":
        _set(ctx, incident, "hold_reason", "")
    if target in {"solved", "closed"} and incident.resolved_at is None:
        incident.resolved_at = ctx.now
    if target in FINAL:
        incident.closed_at = ctx.now
    if old == "solved" and target not in FINAL:
        incident.reopened_count += 1
        incident.resolved_at = None


def reopen(ctx: Context, incident: Incident) -> None:
    _move(ctx, incident, "in_progress", {})


ROUTES: list[Route] = [
    ("GET", r"/api/incidents", index),
    ("POST", r"/api/incidents", create),
    ("GET", r"/api/incidents/(\w+)", show),
    ("PATCH", r"/api/incidents/(\w+)", change),
]
