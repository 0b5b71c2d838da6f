"""What Redmine refuses with 422, in the order and words it uses."""

from __future__ import annotations

from bridge.sandbox.redmine import schedule
from bridge.sandbox.redmine.context import Context
from bridge.sandbox.redmine.issue_assign import Edit, root_of
from bridge.sandbox.redmine.model import Issue, Project


def errors(ctx: Context, edit: Edit) -> list[str]:
    issue = edit.issue
    found = _custom(ctx, edit) + _presence(edit)
    if len(issue.subject) > 255:
        found.append("Subject is too long (maximum is 255 characters)")
    if not 0 <= issue.done_ratio <= 100:
        found.append("% Done is not included in the list")
    found += [edit.errors[name] for name in ("estimated_hours", "start_date", "due_date") if name in edit.errors]
    project = ctx.state.projects.get(issue.project_id)
    if project:
        found += _dates(ctx, edit)
        found += _links(ctx, edit, project)
        found += _parent(ctx, edit)
    return found


def _presence(edit: Edit) -> list[str]:
    issue, old = edit.issue, edit.old
    checks = (
        (not issue.subject.strip(), "Subject cannot be blank"),
        (not issue.project_id, "Project cannot be blank"),
        (not issue.tracker_id, "Tracker cannot be blank"),
        (not issue.priority_id and (old is None or old.priority_id != issue.priority_id), "Priority cannot be blank"),
        (not issue.status_id, "Status cannot be blank"),
    )
    return [message for is_wrong, message in checks if is_wrong]


def _dates(ctx: Context, edit: Edit) -> list[str]:
    issue, old = edit.issue, edit.old
    found = []
    start, due = issue.start_date, issue.due_date
    is_start_new = old is None or old.start_date != start
    if start and due and due < start and (is_start_new or old is None or old.due_date != due):
        found.append("Due date must be greater than start date")
    soonest = schedule.soonest_start(ctx.state, issue) if start and is_start_new else None
    if start and soonest and start < soonest:
        shown = soonest.strftime("%m/%d/%Y")
        found.append(f"Start date cannot be earlier than {shown} because of preceding issues")
    return found


def _links(ctx: Context, edit: Edit, project: Project) -> list[str]:
    issue, old, state = edit.issue, edit.old, ctx.state
    found = []
    if issue.fixed_version_id and not _is_version_open(ctx, edit, project):
        found.append("Target version is not included in the list")
    if issue.category_id:
        category = state.categories.get(issue.category_id)
        if category is None or category.project_id != project.id:
            found.append("Category is not included in the list")
    is_new_assignee = issue.assigned_to_id and (old is None or old.assigned_to_id != issue.assigned_to_id)
    if is_new_assignee and issue.assigned_to_id not in assignable(ctx, edit, project):
        found.append("Assignee is invalid")
    return found


def _is_version_open(ctx: Context, edit: Edit, project: Project) -> bool:
    """A version that is no longer open may stay, but not be chosen."""
    version = ctx.state.versions.get(edit.issue.fixed_version_id or 0)
    if version is None or (version.project_id != project.id and version.sharing == "none"):
        return False
    return version.status == "open" or (edit.old is not None and edit.old.fixed_version_id == version.id)


def assignable(ctx: Context, edit: Edit, project: Project) -> set[int]:
    """Active members with an assignable role, and the author."""
    state = ctx.state
    found = {
        member.user_id
        for member in state.members_of(project.id).values()
        if any(state.roles[number].assignable for number in (*member.roles, *member.inherited))
    }
    found.add(edit.issue.author_id)
    return {number for number in found if not state.users[number].locked}


def _parent(ctx: Context, edit: Edit) -> list[str]:
    issue, old, state = edit.issue, edit.old, ctx.state
    if "parent" in edit.errors:
        return [edit.errors["parent"]]
    parent = state.issues.get(issue.parent_id or 0)
    if parent is None or (old is not None and old.parent_id == parent.id and old.project_id == issue.project_id):
        return []
    if root_of(ctx, parent.project_id) != root_of(ctx, issue.project_id) or _is_tangled(ctx, edit, parent):
        return ["Parent task is invalid"]
    if state.is_closed(parent) and not state.is_closed(issue):
        return ["An open issue cannot be attached to a closed parent task"]
    return []


def _is_tangled(ctx: Context, edit: Edit, parent: Issue) -> bool:
    """The parent is the issue itself, is below it, or hangs on it by relations."""
    if edit.old is None:
        return False
    state, number = ctx.state, edit.old.id
    if parent.id == number or number in {above.id for above in state.ancestors_of(parent)}:
        return True
    if schedule.would_reschedule(state, edit.old, parent):
        return True
    above = [parent, *state.ancestors_of(parent)]
    rows = [row for issue in above for row in schedule.followers(state, issue)]
    return any(schedule.would_reschedule(state, state.issues[row.to_id], edit.old) for row in rows)


def _custom(ctx: Context, edit: Edit) -> list[str]:
    found = []
    for number, value in edit.issue.custom.items():
        field = ctx.state.custom_fields[number]
        if value and field.field_format == "list" and value not in field.possible_values:
            found.append(f"{field.name.capitalize()} is not included in the list")
    return found
