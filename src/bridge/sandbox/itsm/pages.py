"""Pages to look at: the list of incidents, and one with its notes, links and history; a request for change."""

from __future__ import annotations

from bridge.sandbox.clock import iso
from bridge.sandbox.html import link, missing, page, table, tag
from bridge.sandbox.http import Response, Route, html_response
from bridge.sandbox.itsm import rfcs
from bridge.sandbox.itsm.context import Context
from bridge.sandbox.itsm.model import CODES, FINAL

_MENU = (("/incidents", "Incidents"),)


def index(ctx: Context) -> Response:
    rows = [
        (
            link(f"/incidents/{row.id}", row.number),
            tag("span", row.title, class_="closed" if row.state in FINAL | {"solved"} else "open"),
            row.state + (f": {row.hold_reason}" if row.hold_reason else ""),
            row.priority,
            row.service,
            row.team,
            row.assignee,
            iso(row.updated_at),
        )
        for row in sorted(ctx.state.incidents.values(), key=lambda row: row.updated_at, reverse=True)
    ]
    headings = ("Number", "Title", "State", "Priority", "Service", "Team", "Assignee", "Updated")
    return html_response(page("Incidents", table(headings, rows), menu=_MENU))


def incident(ctx: Context, key: str) -> Response:
    row = ctx.find(key)
    facts = [("State", f"{row.state} ({CODES[row.state]}) {row.hold_reason}"), ("Resolution", row.resolution)]
    facts += [(name, str(getattr(row, name))) for name in ("priority", "service", "category", "ci", "site", "caller")]
    facts += [("Team, assignee", f"{row.team} {row.assignee}"), ("Tags", ", ".join(row.tags))]
    facts += sorted(row.custom.items())
    facts += [("Reopened, reassigned", f"{row.reopened_count}, {row.reassignment_count}")]
    for name in ("created_at", "acknowledged_at", "resolved_at", "closed_at", "updated_at"):
        moment = getattr(row, name)
        facts.append((name.removesuffix("_at"), iso(moment) if moment else ""))
    notes = [
        tag("div", tag("h3", f"{note.author}, {iso(note.created_at)} ({note.visibility})"), tag("pre", note.text))
        for note in row.notes
    ]
    history = [
        (change.id, iso(change.at), change.by, change.kind, change.field, change.old, change.new)
        for change in ctx.state.changes_of(row.id)
    ]
    body = (
        tag("pre", row.description),
        table(("", ""), facts),
        tag("h2", "Links"),
        *(tag("p", link(item.url, item.title)) for item in row.links),
        tag("h2", "Notes"),
        *notes,
        tag("h2", "History"),
        table(("", "When", "Who", "", "Field", "Old", "New"), history),
    )
    return html_response(page(f"{row.number} {row.title}", *body, menu=_MENU))


def rfc(ctx: Context, key: str) -> Response:
    row = rfcs.find(ctx, key)
    facts = [("State", row.state), ("Decided by", row.decided_by), ("Visibility", row.visibility)]
    named = [ctx.state.incidents[number] for number in row.incidents]
    body = (
        tag("pre", row.text),
        table(("", ""), facts),
        tag("h2", "Incidents"),
        *(tag("p", link(f"/incidents/{one.id}", f"{one.number} {one.title}")) for one in named),
    )
    return html_response(page(f"{row.number} {row.title}", *body, menu=_MENU))


def nothing() -> Response:
    """The page for an address without a page."""
    return html_response(missing(_MENU), 404)


ROUTES: list[Route] = [
    ("GET", r"/(?:incidents)?", index),
    ("GET", r"/incidents/(\w+)", incident),
    ("GET", r"/rfcs/(\w+)", rfc),
]
