"""Wiki pages with their versions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import issue_render, uploads
from bridge.sandbox.redmine.context import AbortError, Context, done, invalid, not_found, ref, server_error, shown
from bridge.sandbox.redmine.model import WikiPage, WikiVersion
from bridge.sandbox.redmine.values import to_int, to_text


def normal_title(title: str) -> str:
    """Blanks become underscores, some signs go, the first letter is a capital: "post (1) ä" -> "Post_(1)_ä"."""
    text = re.sub(r"[,./?;|:]", "", re.sub(r"\s+", "_", title))
    return text[:1].upper() + text[1:]


def render(ctx: Context, page: WikiPage, version: WikiVersion) -> dict[str, Any]:
    data: dict[str, Any] = {"title": page.title}
    if page.parent_id:
        data["parent"] = {"title": ctx.state.wiki[page.parent_id].title}
    data |= {
        "text": version.text,
        "version": version.number,
        "author": ref(ctx.state.users[version.author_id]),
        "comments": version.comments or None,
        "created_on": shown(page.created_on),
        "updated_on": shown(version.updated_on),
    }
    if "attachments" in ctx.includes():
        data["attachments"] = issue_render.attachments(ctx, f"wiki:{page.id}")
    return data


def index(ctx: Context, key: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "view_wiki_pages")
    pages = sorted((page for page in ctx.state.wiki.values() if page.project_id == project.id), key=lambda p: p.title)
    rows = []
    for page in pages:
        row: dict[str, Any] = {"title": page.title}
        if page.parent_id:
            row["parent"] = {"title": ctx.state.wiki[page.parent_id].title}
        last = page.versions[-1]
        rows.append(row | {"version": last.number, "created_on": shown(page.created_on)})
        rows[-1]["updated_on"] = shown(last.updated_on)
    return json_response({"wiki_pages": rows})


def show(ctx: Context, key: str, title: str, number: str = "") -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "view_wiki_pages")
    page = ctx.state.wiki_page(project.id, normal_title(title))
    if page is None:
        raise not_found()
    wanted = int(number) if number else page.versions[-1].number
    version = next((row for row in page.versions if row.number == wanted), None)
    if version is None:
        raise not_found()
    return json_response({"wiki_page": render(ctx, page, version)})


def put(ctx: Context, key: str, title: str) -> Response:
    """201 for a new page, 204 for a known one; a `version` that is not the last one is a 409.

    The same text again makes no new version. An unknown parent_title is 422 without a word (5.0.4).
    """
    project = ctx.find_project(key)
    ctx.authorize(project, "edit_wiki_pages")
    attrs, now = ctx.params("wiki_page"), ctx.now
    page = ctx.state.wiki_page(project.id, normal_title(title))
    text = to_text(attrs.get("text"))
    last = page.versions[-1] if page else None
    if last and attrs.get("version") == "":
        raise server_error()
    if last and "version" in attrs and to_int(attrs["version"]) != last.number:
        raise AbortError(409)
    parent = None
    if attrs.get("parent_title"):
        parent = ctx.state.wiki_page(project.id, normal_title(to_text(attrs["parent_title"])))
        if parent is None or parent is page:
            raise invalid([])
    if not text:
        raise invalid(["Text field cannot be blank"])
    files = uploads.tokens(ctx, attrs)
    is_new = page is None
    if page is None:
        page = WikiPage(ctx.state.next_id("wiki"), project.id, normal_title(title), now)
        ctx.state.wiki[page.id] = page
    if "parent_title" in attrs:
        page.parent_id = parent.id if parent else None
    if last is None or last.text != text:
        number = last.number + 1 if last else 1
        page.versions.append(WikiVersion(number, text, to_text(attrs.get("comments")), ctx.user.id, now))
    uploads.attach(ctx, files, f"wiki:{page.id}")
    if not is_new:
        return done()
    location = f"/projects/{project.identifier}/wiki/{quote(page.title, safe='()')}"
    return json_response({"wiki_page": render(ctx, page, page.versions[-1])}, 201, {"Location": location})


def delete(ctx: Context, key: str, title: str) -> Response:
    project = ctx.find_project(key)
    ctx.authorize(project, "delete_wiki_pages")
    page = ctx.state.wiki_page(project.id, normal_title(title))
    if page is None:
        raise not_found()
    del ctx.state.wiki[page.id]
    for other in ctx.state.wiki.values():
        if other.parent_id == page.id:
            other.parent_id = None
    return done()


_PAGE = r"/projects/([^/]+)/wiki/([^/]+)"
ROUTES: list[Route] = [
    ("GET", r"/projects/([^/]+)/wiki/index\.json", index),
    ("GET", rf"{_PAGE}\.json", show),
    ("GET", rf"{_PAGE}/(\d+)\.json", show),
    ("PUT", rf"{_PAGE}\.json", put),
    ("DELETE", rf"{_PAGE}\.json", delete),
]
