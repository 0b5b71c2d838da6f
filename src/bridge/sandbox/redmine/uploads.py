"""Files: upload first, then attach by token."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import issue_render
from bridge.sandbox.redmine.context import AbortError, Context, invalid, not_found
from bridge.sandbox.redmine.model import Attachment, Detail
from bridge.sandbox.redmine.values import to_text


@dataclass(slots=True)
class Tokens:
    """The uploads a request names: those found, with their new names, and the number of bad or used tokens."""

    found: list[tuple[Attachment, dict[str, Any]]]
    bad: int = 0


def upload(ctx: Context) -> Response:
    ctx.require_login()
    content = ctx.request.body
    if ctx.request.headers.get("content-type", "").partition(";")[0].strip() != "application/octet-stream":
        raise AbortError(406)
    limit = ctx.state.settings.attachment_max_size_kb * 1024
    if len(content) > limit:
        raise invalid([f"This file cannot be uploaded because it exceeds the maximum allowed file size ({limit})"])
    number = ctx.state.next_id("attachment")
    digest = hashlib.sha256(content).hexdigest()
    name = ctx.request.query.get("filename") or digest[:32]
    kind = mimetypes.guess_type(name)[0]
    token = f"{number}.{digest}"
    ctx.state.attachments[number] = Attachment(number, name, content, kind, ctx.user.id, ctx.now, token)
    return json_response({"upload": {"id": number, "token": token}}, 201)


def tokens(ctx: Context, attrs: dict[str, Any]) -> Tokens:
    result = Tokens([])
    rows = attrs.get("uploads")
    for row in rows if isinstance(rows, list) else []:
        token = to_text(row.get("token")) if isinstance(row, dict) else ""
        known = (item for item in ctx.state.attachments.values() if item.token == token and not item.container)
        if token and (item := next(known, None)):
            result.found.append((item, row))
        else:
            result.bad += 1
    return result


def errors(files: Tokens) -> list[str]:
    return [f"{files.bad} file(s) could not be saved."] if files.bad else []


def attach(ctx: Context, files: Tokens, container: str) -> list[Attachment]:
    for item, row in files.found:
        item.filename = to_text(row.get("filename")) or item.filename
        item.content_type = to_text(row.get("content_type")) or item.content_type
        item.description = to_text(row.get("description"))
        ctx.state.attach(item, container)
    return [item for item, _ in files.found]


def detail(item: Attachment) -> Detail:
    return Detail("attachment", str(item.id), None, item.filename)


def _visible(ctx: Context, number: str) -> Attachment:
    item = ctx.state.attachments.get(int(number))
    if item is None:
        raise not_found()
    table, _, key = item.container.partition(":")
    if table == "issue":
        ctx.find_issue(key)
    elif table == "wiki":
        page = ctx.state.wiki[int(key)]
        ctx.authorize(ctx.state.projects[page.project_id], "view_wiki_pages")
    elif item.author_id != ctx.user.id:
        raise ctx.deny()
    return item


def show(ctx: Context, number: str) -> Response:
    return json_response({"attachment": issue_render.attachment(ctx, _visible(ctx, number))})


def download(ctx: Context, number: str) -> Response:
    item = _visible(ctx, number)
    return Response(200, item.content, item.content_type or "application/octet-stream")


ROUTES: list[Route] = [
    ("POST", r"/uploads\.json", upload),
    ("GET", r"/attachments/(\d+)\.json", show),
    ("GET", r"/attachments/download/(\d+)(?:/.*)?", download),
]
