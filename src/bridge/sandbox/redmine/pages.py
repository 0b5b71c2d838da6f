"""Pages to look at: projects, one with its tasks and dates, an issue with its history, a wiki page, mails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import unescape
from typing import Any

from bridge.sandbox.html import Html, join, link, missing, page, safe, table, tag
from bridge.sandbox.http import Response, Route, html_response
from bridge.sandbox.redmine.context import Context, not_found, shown
from bridge.sandbox.redmine.model import Issue, Journal, Project
from bridge.sandbox.redmine.wiki import normal_title

_MENU = (("/projects", "Projects"), ("/mails", "Mails"))
_STATUS = {1: "", 5: "closed", 9: "archived"}


def project_list(ctx: Context) -> Response:
    projects = sorted(ctx.state.projects.values(), key=lambda project: project.name)

    def rows(parent: int | None, depth: int) -> Iterator[tuple[object, ...]]:
        for project in projects:
            if project.parent_id == parent:
                issues = ctx.state.issues_of(project.id)
                still_open = sum(not ctx.state.is_closed(issue) for issue in issues)
                name = join(["\u2003" * depth, link(f"/projects/{project.identifier}", project.name)])
                kind = "public" if project.is_public else "private"
                yield name, project.identifier, kind, _STATUS[project.status], f"{still_open} / {len(issues)}"
                yield from rows(project.id, depth + 1)

    body = table(("Project", "Identifier", "Visible", "Status", "Open / all issues"), rows(None, 0))
    return html_response(page("Projects", body, menu=_MENU))


def project(ctx: Context, key: str) -> Response:
    found = ctx.find_project(key)
    state = ctx.state
    members = join(
        (
            f"{state.users[number].name} ({', '.join(state.roles[role].name for role in (*row.roles, *row.inherited))})"
            for number, row in sorted(state.members_of(found.id).items())
        ),
        ", ",
    )
    titles = sorted(page.title for page in state.wiki.values() if page.project_id == found.id)
    values = [
        (state.custom_fields[number].name, value) for number, value in sorted(found.custom.items()) if value is not None
    ]
    facts = [("Identifier", found.identifier), ("Visible", "to everybody" if found.is_public else "to members")]
    facts += [("Status", _STATUS[found.status] or "active"), *values, ("Members", members)]
    facts.append(("Wiki", join((link(f"/projects/{found.identifier}/wiki/{title}", title) for title in titles), ", ")))
    body = (_text(found.description), table(("", ""), facts), _tasks(ctx, found))
    return html_response(page(found.name, *body, menu=_MENU))


def _tasks(ctx: Context, found: Project) -> Html:
    issues = sorted(ctx.state.issues_of(found.id), key=lambda issue: issue.id)
    starts = [day for issue in issues if (day := issue.start_date or issue.due_date)]
    ends = [day for issue in issues if (day := issue.due_date or issue.start_date)]
    first = min(starts, default=None)
    length = (max(ends) - first).days + 1 if first and ends else 1

    def bar(issue: Issue) -> Html:
        start, end = issue.start_date or issue.due_date, issue.due_date or issue.start_date
        if not (start and end and first):
            return Html("")
        left, width = 100 * (start - first).days / length, 100 * max((end - start).days + 1, 1) / length
        kind = "bar done" if ctx.state.is_closed(issue) else "bar"
        return tag("div", tag("div", "", class_=kind, style=f"left:{left:.1f}%;width:{width:.1f}%"), class_="chart")

    inside = {issue.id for issue in issues}

    def rows(parent: int | None, depth: int) -> Iterator[tuple[object, ...]]:
        for issue in issues:
            is_here = issue.parent_id == parent if parent else issue.parent_id not in inside
            if is_here:
                dates = f"{issue.start_date or ''} - {issue.due_date or ''}"
                yield join(["\u2003" * depth, _issue_link(ctx, issue)]), *_columns(ctx, issue), dates, bar(issue)
                yield from rows(issue.id, depth + 1)

    span = f"{first} - {first + timedelta(days=length - 1)}" if first else ""
    return table(("Issue", "Status", "Priority", "Assignee", "Done", "Dates", span), rows(None, 0))


def _columns(ctx: Context, issue: Issue) -> tuple[object, ...]:
    state = ctx.state
    assignee = state.users[issue.assigned_to_id].name if issue.assigned_to_id else ""
    status, priority = state.statuses[issue.status_id], state.priorities[issue.priority_id]
    return status.name, priority.name, assignee, f"{issue.done_ratio} %"


def _issue_link(ctx: Context, issue: Issue) -> Html:
    tracker = ctx.state.trackers[issue.tracker_id].name
    text = tag("span", issue.subject, class_="closed" if ctx.state.is_closed(issue) else "open")
    return join([link(f"/issues/{issue.id}", f"{tracker} #{issue.id}"), " ", text])


def issue(ctx: Context, number: str) -> Response:
    state = ctx.state
    found = state.issues.get(int(number))
    if found is None:
        raise not_found()
    project = state.projects[found.project_id]
    status, priority, assignee, ratio = _columns(ctx, found)
    facts: list[tuple[object, ...]] = [
        ("Project", link(f"/projects/{project.identifier}", project.name)),
        ("Status", status),
        ("Priority", priority),
        ("Assignee", assignee),
        ("Author", state.users[found.author_id].name),
        ("Dates", f"{found.start_date or ''} - {found.due_date or ''}"),
        ("Done", ratio),
        ("Private", "yes" if found.is_private else "no"),
        ("Watchers", ", ".join(state.users[watcher].name for watcher in found.watchers)),
        *((state.custom_fields[key].name, value) for key, value in sorted(found.custom.items()) if value),
        (
            "Created, updated, closed",
            " · ".join(shown(t) or "" for t in (found.created_on, found.updated_on, found.closed_on)),
        ),
    ]
    if found.parent_id:
        facts.append(("Parent", _issue_link(ctx, state.issues[found.parent_id])))
    facts += [("Subtask", _issue_link(ctx, child)) for child in state.children_of(found.id)]
    for row in state.relations_of(found.id):
        other = state.issues[row.to_id if row.from_id == found.id else row.from_id]
        way = "" if row.from_id == found.id else " (from there)"
        facts.append((f"{row.kind}{way}", _issue_link(ctx, other)))
    body = [table(("", ""), facts), _text(found.description), tag("h2", "History")]
    body += [_journal(ctx, journal) for journal in found.journals]
    return html_response(page(f"#{found.id} {found.subject}", *body, menu=_MENU))


def _journal(ctx: Context, journal: Journal) -> Html:
    head = f"{ctx.state.users[journal.user_id].name}, {shown(journal.created_on)}"
    changes = (
        tag("div", f"{detail.name}: {_named(ctx, detail.name, detail.old)} → {_named(ctx, detail.name, detail.new)}")
        for detail in journal.details
    )
    notes = _text(journal.notes) if journal.notes else safe("")
    kind = "private" if journal.private else "public"
    return tag("div", tag("h3", head + (" (private)" if journal.private else "")), *changes, notes, class_=kind)


def _text(text: str | None) -> Html:
    """A text of people's. Redmine shows character references as the characters they stand for."""
    return tag("pre", unescape(text or ""))


def _named(ctx: Context, attribute: str, value: str | None) -> str:
    """A changed value as people read it: the name behind an id where there is one."""
    state = ctx.state
    names: Mapping[str, Mapping[int, Any]] = {
        "status_id": state.statuses,
        "priority_id": state.priorities,
        "tracker_id": state.trackers,
        "assigned_to_id": state.users,
    }
    if not value or attribute not in names:
        return value or ""
    found = names[attribute].get(int(value))
    return str(found.name) if found else value


def wiki_page(ctx: Context, key: str, title: str) -> Response:
    found = ctx.find_project(key)
    page_found = ctx.state.wiki_page(found.id, normal_title(title))
    if page_found is None:
        raise not_found()
    last = page_found.versions[-1]
    author = ctx.state.users[last.author_id].name
    head = tag("p", link(f"/projects/{found.identifier}", found.name), f" · version {last.number} · {author}")
    return html_response(page(page_found.title, head, _text(last.text), menu=_MENU))


def mails(ctx: Context) -> Response:
    rows = ((mail.n, shown(mail.at), mail.to, mail.event, mail.subject) for mail in ctx.state.mails)
    return html_response(
        page("Mails that would have been sent", table(("No.", "When", "To", "About", "Subject"), rows), menu=_MENU)
    )


def nothing() -> Response:
    """The page for an address without a page."""
    return html_response(missing(_MENU), 404)


ROUTES: list[Route] = [
    ("GET", r"/(?:projects)?", project_list),
    ("GET", r"/projects/([^/.]+)", project),
    ("GET", r"/issues/(\d+)", issue),
    ("GET", r"/projects/([^/]+)/wiki/([^/]+)", wiki_page),
    ("GET", r"/mails", mails),
]
