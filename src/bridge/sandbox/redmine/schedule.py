"""Working days, and what `precedes` does to the dates of the issues that follow. Saturday and Sunday are free."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from bridge.sandbox.redmine.model import Issue, Relation
from bridge.sandbox.redmine.state import State

_WEEK = 5


def next_working_day(day: date) -> date:
    """The day itself, or the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= _WEEK else 0)


def add_working_days(day: date, count: int) -> date:
    if count <= 0:
        return day
    for _ in range(count):
        day = next_working_day(day + timedelta(days=1))
    return day


def working_days(first: date, last: date) -> int:
    """Steps in working days from the first to the last day; 0 where the last is not after the first."""
    days = (first + timedelta(days=step) for step in range(max(0, (last - first).days)))
    return sum(day.weekday() < _WEEK for day in days)


def earliest_start(state: State, relation: Relation) -> date | None:
    """Where a `precedes` relation lets its follower start: the working day after the end, plus the delay."""
    if relation.kind != "precedes":
        return None
    first = state.issues[relation.from_id]
    end = first.due_date or first.start_date
    return add_working_days(end, 1 + (relation.delay or 0)) if end else None


def soonest_start(state: State, issue: Issue) -> date | None:
    """The latest of the earliest starts by the issue's predecessors and those of its parents."""
    found = [earliest_start(state, row) for row in state.relations_of(issue.id) if row.to_id == issue.id]
    if issue.parent_id:
        found.append(soonest_start(state, state.issues[issue.parent_id]))
    return max((day for day in found if day), default=None)


def moved(issue: Issue, day: date) -> tuple[date, date]:
    """Start and end of the issue when it starts on that day (or the next working day) and keeps its working length."""
    length = working_days(issue.start_date, issue.due_date) if issue.start_date and issue.due_date else 0
    start = next_working_day(day)
    return start, add_working_days(start, length)


def followers(state: State, issue: Issue) -> list[Relation]:
    """In the order of the followers' ids, in which a Redmine on SQLite moves them."""
    rows = [row for row in state.relations_of(issue.id) if row.from_id == issue.id and row.kind == "precedes"]
    return sorted(rows, key=lambda row: row.to_id)


def leaves(state: State, issue: Issue) -> Iterator[Issue]:
    for child in state.descendants_of(issue.id):
        if not state.children_of(child.id):
            yield child


def would_reschedule(state: State, issue: Issue, other: Issue) -> bool:
    """Whether moving `issue` moves `other`: by precedes relations of it and its parents, and down to the leaves.

    A parent's dates come from its children: moving one moves the parent, and what follows the parent.
    """
    seen: set[int] = set()
    waiting = [issue]
    while waiting:
        current = waiting.pop()
        if current.id in seen:
            continue
        seen.add(current.id)
        moved = (current, *state.ancestors_of(current))
        waiting += [state.issues[row.to_id] for one in moved for row in followers(state, one)]
        waiting += leaves(state, current)
    return other.id in seen - {issue.id}


def blocks(state: State, issue: Issue, other: Issue) -> bool:
    """Whether `issue` blocks `other`, directly or through others."""
    seen: set[int] = set()
    waiting = [issue.id]
    while waiting:
        number = waiting.pop()
        if number == other.id:
            return True
        if number in seen:
            continue
        seen.add(number)
        rows = state.relations_of(number)
        waiting += [row.to_id for row in rows if row.kind == "blocks" and row.from_id == number]
    return False


def still_holds(state: State, relation: Relation) -> bool:
    """Whether a stored relation is still one that could be made: no circle, and not between an issue and its parent."""
    first, second = state.issues[relation.from_id], state.issues[relation.to_id]
    family = {row.id for row in (*state.ancestors_of(first), *state.descendants_of(first.id))}
    if second.id in family:
        return False
    if relation.kind == "precedes":
        return not would_reschedule(state, second, first)
    return relation.kind != "blocks" or not blocks(state, second, first)
