"""Files, the work log, and relations between incidents."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from bridge.sandbox.http import Response, Route
from bridge.sandbox.itsm.context import Context, RefusedError, ok
from bridge.sandbox.itsm.model import File, Work

LARGEST = 5 * 1024 * 1024


def _file(ctx: Context, file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "incident_id": file.incident_id,
        "name": file.name,
        "type": file.content_type,
        "size": len(file.content),
        "visibility": file.visibility,
        "text": file.text,
        "author": file.author,
        "created_at": ctx.time(file.created_at),
    }


def files(ctx: Context, key: str) -> Response:
    return ok({"items": [_file(ctx, file) for file in ctx.find(key).files]})


def add_file(ctx: Context, key: str) -> Response:
    """The bytes come as base64 in `content`. Programs are refused, and what is too large."""
    incident, attrs = ctx.find(key), ctx.body()
    name, visibility = str(attrs.get("name") or ""), str(attrs.get("visibility") or "internal")
    try:
        content = base64.b64decode(str(attrs.get("content") or ""), validate=True)
    except binascii.Error as error:
        raise RefusedError("invalid", "content is no base64") from error
    if not name or visibility not in {"internal", "public"}:
        raise RefusedError("invalid", "name is missing, or visibility is neither internal nor public")
    if name.lower().endswith(".exe"):
        raise RefusedError("invalid", f"{name}: programs are not taken")
    if len(content) > LARGEST:
        raise RefusedError("too_large", f"{name} has more than {LARGEST} bytes")
    kind, text = str(attrs.get("type") or ""), str(attrs.get("text") or "")
    number = ctx.state.next_id("file")
    file = File(number, incident.id, name, kind, content, visibility, text, ctx.agent.login, ctx.now)
    incident.files.append(file)
    ctx.changed(incident, "file", "files", None, name)
    return ok({"file": _file(ctx, file)}, 201)


def download(ctx: Context, key: str, number: str) -> Response:
    file = next((one for one in ctx.find(key).files if one.id == int(number)), None)
    if file is None:
        raise RefusedError("not_found", f"there is no file {number}")
    return Response(200, file.content, file.content_type or "application/octet-stream")


def _work(ctx: Context, work: Work) -> dict[str, Any]:
    return {
        "id": work.id,
        "incident_id": work.incident_id,
        "author": work.author,
        "minutes": work.minutes,
        "day": work.day,
        "text": work.text,
        "created_at": ctx.time(work.created_at),
    }


def work_log(ctx: Context, key: str) -> Response:
    return ok({"items": [_work(ctx, work) for work in ctx.find(key).work]})


def book(ctx: Context, key: str) -> Response:
    incident, attrs = ctx.find(key), ctx.body()
    try:
        minutes = int(str(attrs.get("minutes")))
    except ValueError as error:
        raise RefusedError("invalid", "minutes is no whole number") from error
    day, text = str(attrs.get("day") or ctx.now.date()), str(attrs.get("text") or "")
    work = Work(ctx.state.next_id("work"), incident.id, ctx.agent.login, minutes, day, text, ctx.now)
    incident.work.append(work)
    ctx.changed(incident, "work", "work", None, str(minutes))
    return ok({"work": _work(ctx, work)}, 201)


def relations(ctx: Context, key: str) -> Response:
    """Either direction."""
    incident = ctx.find(key)
    others = {*incident.related, *(row.id for row in ctx.state.incidents.values() if incident.id in row.related)}
    return ok({"items": [{"id": number} for number in sorted(others)]})


def relate(ctx: Context, key: str) -> Response:
    incident, other = ctx.find(key), ctx.find(str(ctx.body().get("incident") or ""))
    if other.id == incident.id:
        raise RefusedError("invalid", "an incident is not related to itself")
    if other.id not in incident.related:
        incident.related.append(other.id)
        ctx.changed(incident, "relation", "related", None, str(other.id))
    return ok({"incident": other.id}, 201)


ROUTES: list[Route] = [
    ("GET", r"/api/incidents/(\w+)/files", files),
    ("POST", r"/api/incidents/(\w+)/files", add_file),
    ("GET", r"/api/incidents/(\w+)/files/(\d+)", download),
    ("GET", r"/api/incidents/(\w+)/work", work_log),
    ("POST", r"/api/incidents/(\w+)/work", book),
    ("GET", r"/api/incidents/(\w+)/relations", relations),
    ("POST", r"/api/incidents/(\w+)/relations", relate),
]
