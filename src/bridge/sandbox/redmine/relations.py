"""Relations between issues."""

from __future__ import annotations

import re
from typing import Any

from bridge.sandbox.http import Response, Route, json_response
from bridge.sandbox.redmine import issue_render, issue_save, mails, schedule
from bridge.sandbox.redmine.context import Context, done, invalid, not_found, server_error
from bridge.sandbox.redmine.model import Detail, Issue, Journal, Relation
from bridge.sandbox.redmine.values import to_int, to_text

# Stored the other way round.
_REVERSED = {"duplicated": "duplicates", "blocked": "blocks", "follows": "precedes", "copied_from": "copied_to"}
_SEEN_FROM_TARGET = {kind: name for name, kind in _REVERSED.items()}
KINDS = {"relates", *_REVERSED, *_REVERSED.values()}


def index(ctx: Context, key: str) -> Response:
    issue = ctx.find_issue(key)
    ctx.authorize(ctx.state.projects[issue.project_id], "manage_issue_relations")
    rows = issue_render.visible_relations(ctx, issue)
    return json_response({"relations": [issue_render.relation(row) for row in rows]})


def show(ctx: Context, number: str) -> Response:
    row = _find(ctx, number)
    return json_response({"relation": issue_render.relation(row)})


def _find(ctx: Context, number: str) -> Relation:
    row = ctx.state.relations.get(int(number))
    if row is None:
        raise not_found()
    issues = (ctx.state.issues[row.from_id], ctx.state.issues[row.to_id])
    if not all(ctx.access.issue_visible(ctx.user, issue) for issue in issues):
        raise ctx.deny()
    return row


def create(ctx: Context, key: str) -> Response:
    issue = ctx.find_issue(key)
    ctx.authorize(ctx.state.projects[issue.project_id], "manage_issue_relations")
    if "relation" not in ctx.body():
        raise server_error()
    attrs = ctx.params("relation")
    kind = to_text(attrs.get("relation_type")) or "relates"
    other = _target(ctx, attrs)
    errors = _errors(ctx, issue, other, kind)
    if not re.fullmatch(r"([+-]?\d+)?", to_text(attrs.get("delay"))):
        errors.insert(0, "Delay is not a number")
    if errors:
        raise invalid(errors)
    assert other is not None
    first, second = (other, issue) if kind in _REVERSED else (issue, other)
    kind = _REVERSED.get(kind, kind)
    if kind == "relates" and first.id > second.id:
        first, second = second, first
    if any((row.from_id, row.to_id) == (first.id, second.id) for row in ctx.state.relations_of(first.id)):
        raise invalid(["has already been taken"])
    delay = to_int(attrs.get("delay")) if kind == "precedes" else None
    row = Relation(ctx.state.next_id("relation"), first.id, second.id, kind, delay)
    ctx.state.put_relation(row)
    moved = issue_save.move_follower(ctx, second, schedule.earliest_start(ctx.state, row), with_journal=True)
    _journal(ctx, row, is_added=True, moved=moved)
    return ctx.created({"relation": issue_render.relation(row)}, f"/relations/{row.id}")


def _target(ctx: Context, attrs: dict[str, Any]) -> Issue | None:
    match = re.fullmatch(r"\s*#?(\d+)\s*", to_text(attrs.get("issue_to_id")))
    issue = ctx.state.issues.get(int(match.group(1))) if match else None
    return issue if issue and ctx.access.issue_visible(ctx.user, issue) else None


def _errors(ctx: Context, issue: Issue, other: Issue | None, kind: str) -> list[str]:
    """One relation per pair and direction, whatever its type; the other direction of `relates` counts as a circle."""
    if other is None:
        return ["Related issue cannot be blank"]
    state = ctx.state
    found = [] if kind in KINDS else ["Relation type is not included in the list"]
    rows = state.relations_of(issue.id)
    if any((row.from_id, row.to_id) == (issue.id, other.id) for row in rows):
        found.append("Related issue has already been taken")
    if issue.id == other.id:
        found.append("Related issue is invalid")
    if issue.project_id != other.project_id and not state.settings.cross_project_issue_relations:
        found.append("Related issue doesn't belong to the same project")
    circles = {
        "follows": lambda: schedule.would_reschedule(state, issue, other),
        "precedes": lambda: schedule.would_reschedule(state, other, issue),
        "blocked": lambda: schedule.blocks(state, issue, other),
        "blocks": lambda: schedule.blocks(state, other, issue),
        "relates": lambda: any((row.from_id, row.to_id) == (other.id, issue.id) for row in rows),
    }
    if issue.id != other.id and kind in circles and circles[kind]():
        found.append("This relation would create a circular dependency")
    family = {row.id for row in (*state.ancestors_of(issue), *state.descendants_of(issue.id))}
    if other.id in family:
        found.append("An issue cannot be linked to one of its subtasks")
    return found


def _journal(ctx: Context, row: Relation, *, is_added: bool, moved: Journal | None = None) -> None:
    """Both issues get a journal, but no new updated_on; `moved` is the journal of a follower whose dates changed."""
    for number, other, name in (
        (row.from_id, row.to_id, row.kind),
        (row.to_id, row.from_id, _SEEN_FROM_TARGET.get(row.kind, row.kind)),
    ):
        detail = Detail("relation", name, None if is_added else str(other), str(other) if is_added else None)
        if moved and moved.issue_id == number:
            moved.details.append(detail)
            continue
        issue = ctx.state.issues[number]
        journal = issue_save.add_journal(ctx, issue, "", [detail])
        mails.issue_edited(ctx, issue, journal, previous=None)


def delete(ctx: Context, number: str) -> Response:
    row = _find(ctx, number)
    projects = {ctx.state.issues[row.from_id].project_id, ctx.state.issues[row.to_id].project_id}
    if not any(ctx.access.allowed(ctx.user, "manage_issue_relations", ctx.state.projects[p]) for p in projects):
        raise ctx.deny()
    ctx.state.drop_relation(row)
    _journal(ctx, row, is_added=False)
    return done()


ROUTES: list[Route] = [
    ("GET", r"/issues/(\d+)/relations\.json", index),
    ("POST", r"/issues/(\d+)/relations\.json", create),
    ("GET", r"/relations/(\d+)\.json", show),
    ("DELETE", r"/relations/(\d+)\.json", delete),
]
