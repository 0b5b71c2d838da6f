"""What each filter of the issue list accepts, and the order of the list."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from bridge.sandbox.redmine import filters, issue_render
from bridge.sandbox.redmine.context import Context
from bridge.sandbox.redmine.filters import Filter
from bridge.sandbox.redmine.model import Issue

REVERSED = {"duplicated": "duplicates", "blocked": "blocks", "follows": "precedes"}

Test = Callable[[Issue], bool]


def test(ctx: Context, condition: Filter) -> Test:
    by_kind: dict[str, Callable[[Context, Filter], Test]] = {
        "date": _time_test,
        "date_past": _time_test,
        "relation": _relation_test,
        "tree": _tree_test,
    }
    if condition.kind in by_kind:
        return by_kind[condition.kind](ctx, condition)
    return _special_test(ctx, condition) or _plain_test(condition)


def _plain_test(condition: Filter) -> Test:
    name = "id" if condition.field == "issue_id" else condition.field
    if name.startswith("cf_"):
        number = int(name[3:])
        return lambda issue: filters.text_matches(condition, issue.custom.get(number))
    if condition.kind == "text":
        return lambda issue: filters.text_matches(condition, getattr(issue, name))
    if condition.kind in {"integer", "float"}:
        return lambda issue: filters.number_matches(condition, getattr(issue, name))
    return lambda issue: filters.id_matches(condition, getattr(issue, name))


def _special_test(ctx: Context, condition: Filter) -> Test | None:
    state, operator = ctx.state, condition.operator
    wanted, is_equal = set(condition.values), condition.operator == "="
    tests: dict[str, Test] = {
        "notes": lambda issue: any(
            filters.text_matches(condition, row.notes) for row in issue_render.visible_journals(ctx, issue)
        ),
        "is_private": lambda issue: (str(int(issue.is_private)) in wanted) == is_equal,
        "watcher_id": lambda issue: (not wanted.isdisjoint(str(number) for number in issue.watchers)) == is_equal,
        "updated_by": lambda issue: any(str(row.user_id) in wanted for row in issue.journals) == is_equal,
        "last_updated_by": lambda issue: any(str(row.user_id) in wanted for row in issue.journals[-1:]) == is_equal,
    }
    if condition.field == "status_id" and operator in {"o", "c", "*"}:
        closed = {status.id for status in state.statuses.values() if status.is_closed}
        return lambda issue: operator == "*" or (issue.status_id in closed) == (operator == "c")
    return tests.get(condition.field)


def _tree_test(ctx: Context, condition: Filter) -> Test:
    state, numbers = ctx.state, condition.numbers()
    up = condition.field == "parent_id"
    if condition.operator in {"*", "!*"}:
        has = condition.operator == "*"
        return lambda issue: bool(issue.parent_id if up else state.children_of(issue.id)) == has
    if condition.operator == "~":
        if up:
            inside = {child.id for number in numbers for child in state.descendants_of(number)}
        else:
            named = [state.issues[number] for number in numbers if number in state.issues]
            inside = {parent.id for issue in named for parent in state.ancestors_of(issue)}
        return lambda issue: issue.id in inside
    if up:
        return lambda issue: issue.parent_id in numbers
    parents = {state.issues[number].parent_id for number in numbers if number in state.issues}
    return lambda issue: issue.id in parents


def _time_test(ctx: Context, condition: Filter) -> Test:
    name, operator, today = condition.field, condition.operator, ctx.now.date()
    if operator in {"*", "!*"}:
        if name == "updated_on":
            return lambda issue: (issue.updated_on > issue.created_on) == (operator == "*")
        return lambda issue: (getattr(issue, name) is not None) == (operator == "*")
    span = filters.moments(condition, today)
    if condition.kind == "date_past":
        return lambda issue: filters.in_span(getattr(issue, name), span)
    return lambda issue: filters.in_span(filters.as_moment(getattr(issue, name)), span)


def _relation_test(ctx: Context, condition: Filter) -> Test:
    kind = REVERSED.get(condition.field, condition.field)
    is_symmetric, is_reversed = kind == "relates", condition.field in REVERSED
    wanted = condition.numbers()

    def others(issue: Issue) -> set[int]:
        rows = [row for row in ctx.state.relations_of(issue.id) if row.kind == kind]
        found = {row.from_id for row in rows if row.to_id == issue.id and (is_symmetric or is_reversed)}
        return found | {row.to_id for row in rows if row.from_id == issue.id and (is_symmetric or not is_reversed)}

    if condition.operator in {"*", "!*"}:
        return lambda issue: bool(others(issue)) == (condition.operator == "*")
    return lambda issue: bool(others(issue) & wanted) == (condition.operator == "=")


def in_order(ctx: Context, rows: list[Issue], sort: str) -> list[Issue]:
    """By at most three keys `name` or `name:desc`, then by falling id unless the id is a key."""
    state = ctx.state
    keys: dict[str, Callable[[Issue], Any]] = {
        "id": attrgetter("id"),
        "project": lambda issue: state.projects[issue.project_id].name,
        "tracker": attrgetter("tracker_id"),
        "status": attrgetter("status_id"),
        "priority": attrgetter("priority_id"),
        "subject": attrgetter("subject"),
        "author": lambda issue: state.users[issue.author_id].name,
        "assigned_to": lambda issue: state.users[issue.assigned_to_id].name if issue.assigned_to_id else "",
        "done_ratio": attrgetter("done_ratio"),
        "created_on": attrgetter("created_on"),
        "updated_on": attrgetter("updated_on"),
        "parent": lambda issue: [*reversed([above.id for above in state.ancestors_of(issue)]), issue.id],
    }
    keys |= {name: _nothing_first(name) for name in ("closed_on", "start_date", "due_date", "estimated_hours")}
    keys |= {f"cf_{number}": _by_field(number) for number in state.custom_fields}
    order = [part.partition(":")[::2] for part in sort.split(",") if part][:3]
    order = [(name, way) for name, way in order if name in keys]
    if "id" not in {name for name, _ in order}:
        order.append(("id", "desc"))
    for name, way in reversed(order):
        rows = sorted(rows, key=keys[name], reverse=way == "desc")
    return rows


def _nothing_first(name: str) -> Callable[[Issue], Any]:
    return lambda issue: (getattr(issue, name) is not None, getattr(issue, name))


def _by_field(number: int) -> Callable[[Issue], str]:
    return lambda issue: issue.custom.get(number) or ""
