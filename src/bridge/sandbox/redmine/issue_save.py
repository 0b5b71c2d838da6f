"""Saving an issue with everything that hangs on it: journal, parent, followers, duplicates, watchers, mails."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from bridge.sandbox.redmine import mails, schedule
from bridge.sandbox.redmine.context import Context
from bridge.sandbox.redmine.issue_assign import Edit, start_edit
from bridge.sandbox.redmine.model import Detail, Issue, Journal

# In the order in which a journal lists them.
_JOURNALIZED = (
    "tracker_id",
    "project_id",
    "subject",
    "description",
    "due_date",
    "category_id",
    "status_id",
    "assigned_to_id",
    "priority_id",
    "fixed_version_id",
    "start_date",
    "done_ratio",
    "estimated_hours",
    "parent_id",
    "is_private",
)


def create(ctx: Context, edit: Edit) -> Issue:
    issue, state = edit.issue, ctx.state
    if not issue.assigned_to_id and issue.category_id:
        issue.assigned_to_id = state.categories[issue.category_id].assigned_to_id
    issue.id = state.next_id("issue")
    issue.created_on = issue.updated_on = ctx.now
    issue.closed_on = issue.updated_on if state.is_closed(issue) else None
    issue.watchers = edit.watchers
    state.put_issue(issue)
    recalculate(ctx, issue.parent_id)
    _tell_parent(ctx, issue.parent_id, None, issue.id)
    mails.issue_added(ctx, issue)
    return issue


def update(ctx: Context, edit: Edit, extra: list[Detail] | None = None) -> Journal | None:
    """Stores a change with its journal. `extra` are details besides the changed attributes (attachments, relations).

    Up to 6.0 every PUT moves updated_on, also one that changes nothing; from 6.1 on only a change or a note does.
    """
    issue, old = edit.issue, edit.old
    assert old is not None
    details = differences(old, issue) + (extra or [])
    notes = edit.notes
    if not details and not notes.strip() and ctx.at_least(6, 1):
        return None
    _close_duplicates(ctx, edit)
    _store(ctx, edit)
    _after(ctx, old, issue, with_journal=True)
    journals = _write_journals(ctx, issue, notes, details, is_private=edit.private_notes)
    if old.parent_id != issue.parent_id:
        _tell_parent(ctx, old.parent_id, issue.id, None)
        _tell_parent(ctx, issue.parent_id, None, issue.id)
    for journal in journals:
        mails.issue_edited(ctx, issue, journal, previous=old.assigned_to_id)
    return journals[-1] if journals else None


def save_quietly(ctx: Context, edit: Edit) -> None:
    """Stores a change that has no journal; nothing happens where nothing changed."""
    assert edit.old is not None
    if edit.issue != edit.old:
        _store(ctx, edit)
        _after(ctx, edit.old, edit.issue, with_journal=False)


def _store(ctx: Context, edit: Edit) -> None:
    issue, old = edit.issue, edit.old
    assert old is not None
    issue.updated_on = ctx.now
    issue.lock_version = old.lock_version + 1
    if ctx.state.is_closed(issue) and not ctx.state.is_closed(old):
        issue.closed_on = issue.updated_on
    ctx.state.put_issue(issue)


def _after(ctx: Context, old: Issue, issue: Issue, *, with_journal: bool) -> None:
    state = ctx.state
    if (old.start_date, old.due_date) != (issue.start_date, issue.due_date):
        for relation in schedule.followers(state, issue):
            move_follower(ctx, state.issues[relation.to_id], schedule.earliest_start(state, relation), with_journal)
    if old.project_id != issue.project_id:
        _follow_to_project(ctx, old, issue)
    if old.parent_id != issue.parent_id:
        _drop_lost_relations(ctx, issue)
        recalculate(ctx, old.parent_id)
    recalculate(ctx, issue.parent_id)


def differences(old: Issue, new: Issue) -> list[Detail]:
    """Changed attributes and custom fields; blank and missing are the same."""
    found = []
    for name in _JOURNALIZED:
        before, after = _shown(getattr(old, name)), _shown(getattr(new, name))
        if before != after and (before or after):
            found.append(Detail("attr", name, before, after))
    for number in sorted({*old.custom, *new.custom}):
        before, after = old.custom.get(number), new.custom.get(number)
        if before != after and (before or after):
            found.append(Detail("cf", str(number), before, after))
    return found


def _shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    return None if value is None else str(value)


def _write_journals(
    ctx: Context, issue: Issue, notes: str, details: list[Detail], *, is_private: bool
) -> list[Journal]:
    """A private note with changes becomes two journals: the changes public, the note private."""
    if not details and not notes.strip():
        return []
    is_private = is_private and bool(notes.strip())
    if is_private and details:
        return [add_journal(ctx, issue, None, details), add_journal(ctx, issue, notes, [], is_private=True)]
    return [add_journal(ctx, issue, notes, details, is_private=is_private)]


def add_journal(
    ctx: Context, issue: Issue, notes: str | None, details: list[Detail], *, is_private: bool = False
) -> Journal:
    now = ctx.now
    number = ctx.state.next_id("journal")
    journal = Journal(number, issue.id, ctx.user.id, notes, now, now, is_private, details)
    ctx.state.add_journal(journal)
    project = ctx.state.projects[issue.project_id]
    if ctx.user.id not in issue.watchers and ctx.access.allowed(ctx.user, "add_issue_watchers", project):
        issue.watchers.append(ctx.user.id)
    return journal


def _tell_parent(ctx: Context, parent_id: int | None, lost: int | None, gained: int | None) -> None:
    """A parent that gains or loses a child gets a journal, and with it a new updated_on."""
    parent = ctx.state.issues.get(parent_id or 0)
    if parent is None or not ctx.access.issue_visible(ctx.user, parent):
        return
    detail = Detail("attr", "child_id", str(lost) if lost else None, str(gained) if gained else None)
    edit = start_edit(parent)
    _store(ctx, edit)
    journal = add_journal(ctx, edit.issue, "", [detail])
    mails.issue_edited(ctx, edit.issue, journal, previous=None)


def recalculate(ctx: Context, number: int | None) -> None:
    """Derives a parent's priority, dates and done ratio from its children, and goes on upwards."""
    issue = ctx.state.issues.get(number or 0)
    if issue is None:
        return
    edit = start_edit(issue)
    if children := ctx.state.children_of(issue.id):
        _derive(ctx, edit.issue, children)
        save_quietly(ctx, edit)
    if edit.issue == issue:
        recalculate(ctx, issue.parent_id)


def _derive(ctx: Context, issue: Issue, children: list[Issue]) -> None:
    state = ctx.state
    default = next(priority.id for priority in state.priorities.values() if priority.is_default)
    issue.priority_id = max((child.priority_id for child in children if not state.is_closed(child)), default=default)
    issue.start_date = min((child.start_date for child in children if child.start_date), default=None)
    issue.due_date = max((child.due_date for child in children if child.due_date), default=None)
    if issue.start_date and issue.due_date and issue.due_date < issue.start_date:
        issue.start_date, issue.due_date = issue.due_date, issue.start_date
    hours = [_total_hours(ctx, child) for child in children]
    known = [value for value in hours if value]
    average = sum(known) / len(known) if known else Fraction(1)
    done = sum(
        (value or average) * (100 if state.is_closed(child) else child.done_ratio)
        for child, value in zip(children, hours, strict=True)
    )
    issue.done_ratio = int(done / (average * len(children)))


def _total_hours(ctx: Context, issue: Issue) -> Fraction:
    below = ctx.state.descendants_of(issue.id)
    return sum((Fraction(row.estimated_hours or 0) for row in below), Fraction(issue.estimated_hours or 0))


def move_follower(ctx: Context, issue: Issue, day: date | None, with_journal: bool) -> Journal | None:
    """Moves an issue (of a parent: its leaves) to start on that day, later or earlier, but not before its soonest."""
    if day is None:
        return None
    if ctx.state.children_of(issue.id):
        for leaf in schedule.leaves(ctx.state, issue):
            if leaf.start_date is None or leaf.start_date == issue.start_date or day > leaf.start_date:
                move_follower(ctx, leaf, day, with_journal=False)
        return None
    if issue.start_date == day:
        return None
    if issue.start_date and issue.start_date > day:
        day = max(day, schedule.soonest_start(ctx.state, issue) or day)
    edit = start_edit(issue)
    edit.issue.start_date, edit.issue.due_date = schedule.moved(issue, day)
    if with_journal:
        return update(ctx, edit)
    save_quietly(ctx, edit)
    return None


def _close_duplicates(ctx: Context, edit: Edit) -> None:
    """The open duplicates of an issue that is being closed are closed first, with the same note."""
    issue, state = edit.issue, ctx.state
    if not state.is_closed(issue) or edit.old is None or state.is_closed(edit.old):
        return
    for row in state.relations_of(issue.id):
        twin = state.issues[row.from_id]
        if row.kind == "duplicates" and row.to_id == issue.id and not state.is_closed(twin):
            other = start_edit(twin)
            other.issue.status_id = issue.status_id
            other.notes, other.private_notes = edit.notes, edit.private_notes
            update(ctx, other)


def _drop_lost_relations(ctx: Context, issue: Issue) -> None:
    """Below another parent some relations make no sense any more: they go, without a journal."""
    for one in (issue, *ctx.state.descendants_of(issue.id)):
        for row in ctx.state.relations_of(one.id):
            if not schedule.still_holds(ctx.state, row):
                ctx.state.drop_relation(row)


def _follow_to_project(ctx: Context, old: Issue, issue: Issue) -> None:
    """An issue that moves takes its subtasks with it and loses its relations to other projects' issues."""
    state = ctx.state
    if not state.settings.cross_project_issue_relations:
        for row in state.relations_of(issue.id):
            state.drop_relation(row)
    for child in state.children_of(issue.id):
        if child.project_id == old.project_id:
            edit = start_edit(child)
            edit.issue.project_id = issue.project_id
            save_quietly(ctx, edit)
