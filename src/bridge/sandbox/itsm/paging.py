"""Five ways of handing out a long list."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from bridge.sandbox.http import Response
from bridge.sandbox.itsm.context import Context, RefusedError, ok
from bridge.sandbox.itsm.model import Incident

DEFAULT, MOST = 50, 200
_BY_PARAMETER = (("after_id", "keyset"), ("cursor", "cursor"), ("offset", "offset"), ("page", "page"))
STYLES = ("page", "offset", "cursor", "next", "keyset")


def style(ctx: Context) -> str:
    """As `paging` says, else by the parameters there are, else page."""
    query = ctx.request.query
    named = query.get("paging", "")
    if named and named not in STYLES:
        raise RefusedError("bad_request", f"paging is one of {', '.join(STYLES)}")
    return named or next((name for parameter, name in _BY_PARAMETER if parameter in query), "page")


def ordered(ctx: Context, rows: list[Incident]) -> list[Incident]:
    """The arbitrary order mixes the ids in the same way every time."""
    order = ctx.request.query.get("order", "")
    if order == "updated":
        return sorted(rows, key=lambda row: (row.updated_at, row.id))
    if order == "id" or style(ctx) == "keyset":
        return sorted(rows, key=lambda row: row.id)
    return sorted(rows, key=lambda row: (row.id * 7919 % 104729, row.id))


def respond(ctx: Context, rows: list[Incident], render: Callable[[Incident], Any]) -> Response:
    how = style(ctx)
    rows = ordered(ctx, rows)
    size = min(ctx.number("per_page" if how == "page" else "limit", DEFAULT) or DEFAULT, MOST)
    if how == "keyset":
        after = ctx.number("after_id", 0)
        return ok({"items": [render(row) for row in rows if row.id > after][:size]})
    start = _start(ctx, how, size)
    items = [render(row) for row in rows[start : start + size]]
    has_more = start + size < len(rows)
    if how == "offset":
        return ok({"items": items, "offset": start, "limit": size, "total": len(rows)})
    if how == "cursor":
        return ok({"items": items, "next_cursor": _pack(start + size) if has_more else None})
    if how == "next":
        return _with_next(ctx, items, _pack(start + size) if has_more else None)
    pages = -(-len(rows) // size)
    page = start // size + 1
    return ok({"items": items, "page": page, "per_page": size, "pages": pages, "total": len(rows)})


def _start(ctx: Context, how: str, size: int) -> int:
    if how == "offset":
        return ctx.number("offset", 0)
    if how == "page":
        return (max(ctx.number("page", 1), 1) - 1) * size
    text = ctx.request.query.get("cursor", "")
    if not text:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(text))["from"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise RefusedError("bad_request", "this cursor is not one of ours") from error


def _pack(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"from": start}).encode()).decode()


def _with_next(ctx: Context, items: list[Any], cursor: str | None) -> Response:
    if cursor is None:
        return ok({"items": items, "next": None})
    query = urlencode(ctx.request.query | {"paging": "next", "cursor": cursor})
    address = f"{ctx.request.base_url}{ctx.request.path}?{query}"
    return ok({"items": items, "next": address}, 200, {"Link": f'<{address}>; rel="next"'})
