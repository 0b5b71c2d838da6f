"""Issues as Redmine shows them, in lists and alone."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.redmine import workflow
from bridge.sandbox.redmine.context import Context, custom_values, ref, shown
from bridge.sandbox.redmine.model import Attachment, CustomField, Detail, Issue, Journal, Project, Relation

_RELATION_ORDER = ("relates", "duplicates", "blocks", "precedes", "copied_to")


def fields_of(ctx: Context, project: Project | None) -> list[CustomField]:
    """The custom fields of a project's issues."""
    chosen = project.issue_custom_field_ids if project else []
    fields = ctx.state.custom_fields.values()
    return [field for field in fields if field.customized == "issue" and (field.is_for_all or field.id in chosen)]


def basics(ctx: Context, issue: Issue, *, with_hours: bool = True) -> dict[str, Any]:
    """Everything but the includes. The answer to POST /issues.json has no spent hours (5.0.4)."""
    state = ctx.state
    project, status = state.projects[issue.project_id], state.statuses[issue.status_id]
    data: dict[str, Any] = {
        "id": issue.id,
        "project": ref(project),
        "tracker": ref(state.trackers[issue.tracker_id]),
        "status": {"id": status.id, "name": status.name, "is_closed": status.is_closed},
        "priority": ref(state.priorities[issue.priority_id]),
        "author": ref(state.users[issue.author_id]),
    }
    if issue.assigned_to_id:
        data["assigned_to"] = ref(state.users[issue.assigned_to_id])
    if issue.category_id:
        data["category"] = ref(state.categories[issue.category_id])
    if issue.fixed_version_id:
        data["fixed_version"] = ref(state.versions[issue.fixed_version_id])
    if issue.parent_id:
        data["parent"] = {"id": issue.parent_id}
    data |= {
        "subject": issue.subject,
        "description": issue.description,
        "start_date": str(issue.start_date) if issue.start_date else None,
        "due_date": str(issue.due_date) if issue.due_date else None,
        "done_ratio": issue.done_ratio,
        "is_private": issue.is_private,
        "estimated_hours": issue.estimated_hours,
        "total_estimated_hours": total_estimated_hours(ctx, issue),
    }
    if with_hours and ctx.access.allowed(ctx.user, "view_time_entries", project):
        below = state.descendants_of(issue.id)
        data["spent_hours"] = state.spent_hours(issue.id)
        data["total_spent_hours"] = data["spent_hours"] + sum(state.spent_hours(child.id) for child in below)
    data |= custom_values((field, issue.custom.get(field.id)) for field in fields_of(ctx, project))
    data |= {
        "created_on": shown(issue.created_on),
        "updated_on": shown(issue.updated_on),
        "closed_on": shown(issue.closed_on),
    }
    return data


def total_estimated_hours(ctx: Context, issue: Issue) -> float | None:
    below = list(ctx.state.descendants_of(issue.id))
    if not below:
        return issue.estimated_hours
    visible = (child for child in below if ctx.access.issue_visible(ctx.user, child))
    return (issue.estimated_hours or 0.0) + sum(child.estimated_hours or 0.0 for child in visible)


def in_list(ctx: Context, issue: Issue) -> dict[str, Any]:
    """Lists know the includes attachments and relations only; journals are ignored."""
    data, wanted = basics(ctx, issue), ctx.includes()
    if "attachments" in wanted:
        data["attachments"] = attachments(ctx, f"issue:{issue.id}")
    if "relations" in wanted:
        data["relations"] = [relation(row) for row in visible_relations(ctx, issue)]
    return data


def alone(ctx: Context, issue: Issue, *, with_hours: bool = True) -> dict[str, Any]:
    data, wanted, state = basics(ctx, issue, with_hours=with_hours), ctx.includes(), ctx.state
    project = state.projects[issue.project_id]
    if "children" in wanted and (found := children(ctx, issue)):
        data["children"] = found
    if "attachments" in wanted:
        data["attachments"] = attachments(ctx, f"issue:{issue.id}")
    if "relations" in wanted and (rows := visible_relations(ctx, issue)):
        data["relations"] = [relation(row) for row in rows]
    if "journals" in wanted:
        data["journals"] = [journal(ctx, row) for row in visible_journals(ctx, issue)]
    if "watchers" in wanted and ctx.access.allowed(ctx.user, "view_issue_watchers", project):
        data["watchers"] = [ref(state.users[number]) for number in issue.watchers]
    if "allowed_statuses" in wanted:
        allowed = workflow.allowed_statuses(ctx, issue, issue)
        data["allowed_statuses"] = [{"id": s.id, "name": s.name, "is_closed": s.is_closed} for s in allowed]
    return data


def children(ctx: Context, issue: Issue) -> list[dict[str, Any]]:
    """The visible ones, with their own children inside."""
    found = []
    for child in ctx.state.children_of(issue.id):
        if not ctx.access.issue_visible(ctx.user, child):
            continue
        tracker = ctx.state.trackers[child.tracker_id]
        row: dict[str, Any] = {"id": child.id, "tracker": ref(tracker), "subject": child.subject}
        if below := children(ctx, child):
            row["children"] = below
        found.append(row)
    return found


def visible_relations(ctx: Context, issue: Issue) -> list[Relation]:
    """Only those whose other issue the user may see; by kind, then by age."""

    def other(row: Relation) -> Issue:
        return ctx.state.issues[row.to_id if row.from_id == issue.id else row.from_id]

    rows = sorted(ctx.state.relations_of(issue.id), key=lambda row: (_RELATION_ORDER.index(row.kind), row.id))
    return [row for row in rows if ctx.access.issue_visible(ctx.user, other(row))]


def relation(row: Relation) -> dict[str, Any]:
    return {
        "id": row.id,
        "issue_id": row.from_id,
        "issue_to_id": row.to_id,
        "relation_type": row.kind,
        "delay": row.delay,
    }


def visible_journals(ctx: Context, issue: Issue) -> list[Journal]:
    """Without private notes of others for who may not see them, and without those that show nothing."""
    project = ctx.state.projects[issue.project_id]
    may_see_private = ctx.access.allowed(ctx.user, "view_private_notes", project)
    return [
        row
        for row in issue.journals
        if (row.notes or _visible_details(ctx, row))
        and (may_see_private or not row.private or row.user_id == ctx.user.id)
    ]


def journal(ctx: Context, row: Journal) -> dict[str, Any]:
    """From 6.0 on with the time and author of the last edit."""
    data: dict[str, Any] = {"id": row.id, "user": ref(ctx.state.users[row.user_id]), "notes": row.notes}
    data["created_on"] = shown(row.created_on)
    if ctx.at_least(6):
        data["updated_on"] = shown(row.updated_on)
    data["private_notes"] = row.private
    if ctx.at_least(6) and row.updated_by:
        data["updated_by"] = ref(ctx.state.users[row.updated_by])
    data["details"] = [
        {"property": detail.property, "name": detail.name, "old_value": detail.old, "new_value": detail.new}
        for detail in _visible_details(ctx, row)
    ]
    return data


def _visible_details(ctx: Context, row: Journal) -> list[Detail]:
    """Without relations to issues that the user may not see."""
    return [
        detail for detail in row.details if detail.property != "relation" or _may_see(ctx, detail.new or detail.old)
    ]


def _may_see(ctx: Context, number: str | None) -> bool:
    issue = ctx.state.issues.get(int(number or 0))
    return issue is not None and ctx.access.issue_visible(ctx.user, issue)


def attachments(ctx: Context, container: str) -> list[dict[str, Any]]:
    return [attachment(ctx, row) for row in ctx.state.attached_to(container)]


def attachment(ctx: Context, row: Attachment) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": row.id,
        "filename": row.filename,
        "filesize": len(row.content),
        "content_type": row.content_type,
        "description": row.description,
        "content_url": f"{ctx.request.base_url}/attachments/download/{row.id}/{row.filename}",
    }
    if (row.content_type or "").startswith("image/"):
        data["thumbnail_url"] = f"{ctx.request.base_url}/attachments/thumbnail/{row.id}"
    return data | {"author": ref(ctx.state.users[row.author_id]), "created_on": shown(row.created_on)}
