"""Notes, links and the history of changes."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.http import Response, Route
from bridge.sandbox.itsm import incidents
from bridge.sandbox.itsm.context import Context, RefusedError, ok
from bridge.sandbox.itsm.model import FINAL, Change, Link, Note
from bridge.sandbox.itsm.paging import MOST


def _note(ctx: Context, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "incident_id": note.incident_id,
        "author": note.author,
        "visibility": note.visibility,
        "text": note.text,
        "created_at": ctx.time(note.created_at),
    }


def notes(ctx: Context, key: str) -> Response:
    return ok({"items": [_note(ctx, note) for note in ctx.find(key).notes]})


def add_note(ctx: Context, key: str) -> Response:
    """A public note on a solved incident reopens it; closed and cancelled ones take internal notes only."""
    incident, attrs = ctx.find(key), ctx.body()
    text, visibility = str(attrs.get("text") or ""), str(attrs.get("visibility") or "internal")
    if not text.strip():
        raise RefusedError("invalid", "text is missing")
    if visibility not in {"internal", "public"}:
        raise RefusedError("invalid", "visibility is internal or public")
    if visibility == "public" and incident.state in FINAL:
        raise RefusedError("final", f"{incident.number} is {incident.state} and takes no public notes")
    note = Note(ctx.state.next_id("note"), incident.id, ctx.agent.login, visibility, text, ctx.now)
    incident.notes.append(note)
    ctx.changed(incident, "note", visibility, None, str(note.id))
    if visibility == "public" and incident.state == "solved":
        incidents.reopen(ctx, incident)
    return ok({"note": _note(ctx, note)}, 201)


def _link(ctx: Context, link: Link) -> dict[str, Any]:
    return {
        "id": link.id,
        "incident_id": link.incident_id,
        "url": link.url,
        "title": link.title,
        "created_by": link.created_by,
        "created_at": ctx.time(link.created_at),
    }


def links(ctx: Context, key: str) -> Response:
    return ok({"items": [_link(ctx, link) for link in ctx.find(key).links]})


def add_link(ctx: Context, key: str) -> Response:
    incident, attrs = ctx.find(key), ctx.body()
    url, title = str(attrs.get("url") or "").strip(), str(attrs.get("title") or "")
    if not url.startswith(("http://", "https://")):
        raise RefusedError("invalid", "url has to begin with http:// or https://")
    if known := next((link for link in incident.links if link.url == url), None):
        return ok({"link": _link(ctx, known)})
    link = Link(ctx.state.next_id("link"), incident.id, url, title or url, ctx.agent.login, ctx.now)
    incident.links.append(link)
    ctx.changed(incident, "link", "links", None, url)
    return ok({"link": _link(ctx, link)}, 201)


def _change(ctx: Context, change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "incident_id": change.incident_id,
        "at": ctx.time(change.at),
        "by": change.by,
        "kind": change.kind,
        "field": change.field,
        "old": change.old,
        "new": change.new,
    }


def history(ctx: Context, key: str) -> Response:
    return ok({"items": [_change(ctx, change) for change in ctx.state.changes_of(ctx.find(key).id)]})


def changes(ctx: Context) -> Response:
    """Ids begin at 1 and have no gaps, so that a position in the list is found at once."""
    after, limit = ctx.number("after", 0), min(ctx.number("limit", 100) or 100, MOST)
    rows = ctx.state.changes[after : after + limit]
    last = ctx.state.changes[-1].id if ctx.state.changes else 0
    return ok({"items": [_change(ctx, change) for change in rows], "last_id": last})


def me(ctx: Context) -> Response:
    agent = ctx.agent
    data = {"login": agent.login, "name": agent.name, "team": agent.team or None}
    return ok({"user": data | {"time_zone": ctx.state.settings.time_zone}})


def agents(ctx: Context) -> Response:
    rows = ctx.state.agents.values()
    items = [{"login": a.login, "name": a.name, "team": a.team or None, "active": a.active} for a in rows]
    return ok({"items": items})


ROUTES: list[Route] = [
    ("GET", r"/api/me", me),
    ("GET", r"/api/agents", agents),
    ("GET", r"/api/incidents/(\w+)/notes", notes),
    ("POST", r"/api/incidents/(\w+)/notes", add_note),
    ("GET", r"/api/incidents/(\w+)/links", links),
    ("POST", r"/api/incidents/(\w+)/links", add_link),
    ("GET", r"/api/incidents/(\w+)/history", history),
    ("GET", r"/api/changes", changes),
]
