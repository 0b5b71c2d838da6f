"""Which statuses and fields a user may set, by the workflow of their roles."""

from __future__ import annotations

from bridge.sandbox.redmine.context import Context
from bridge.sandbox.redmine.model import Issue, Role, Status

DEFAULT_STATUS = 1


def _roles(ctx: Context, issue: Issue) -> list[Role]:
    if ctx.user.admin:
        return list(ctx.state.roles.values())
    project = ctx.state.projects.get(issue.project_id)
    return ctx.access.roles(ctx.user, project) if project else []


def allowed_statuses(ctx: Context, issue: Issue, old: Issue | None) -> list[Status]:
    """The statuses that can be set now; for a new issue what the workflow lets it start with, else the default one.

    None that is closed while a subtask is open or an open issue blocks this one, none that is open below a closed
    parent.
    """
    roles = _roles(ctx, issue)
    current = old.status_id if old else 0
    numbers = {new for role in roles for was, new in role.workflow if was == current}
    if numbers and old:
        numbers.add(old.status_id)
    if old is None and not numbers:
        numbers.add(DEFAULT_STATUS)
    found = [ctx.state.statuses[number] for number in sorted(numbers)]
    if not closable(ctx, issue):
        found = [status for status in found if not status.is_closed]
    if any(ctx.state.is_closed(parent) for parent in ctx.state.ancestors_of(issue)):
        found = [status for status in found if status.is_closed]
    return found


def closable(ctx: Context, issue: Issue) -> bool:
    state = ctx.state
    if any(not state.is_closed(child) for child in state.descendants_of(issue.id)):
        return False
    return not any(
        row.kind == "blocks" and row.to_id == issue.id and not state.is_closed(state.issues[row.from_id])
        for row in state.relations_of(issue.id)
    )


def readonly_fields(ctx: Context, issue: Issue) -> set[str]:
    """Fields that every role of the user has as read-only."""
    roles = _roles(ctx, issue)
    return set.intersection(*(role.readonly for role in roles)) if roles else set()
