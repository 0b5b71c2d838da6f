"""GET /issues.json: filters, order and pages."""

from __future__ import annotations

from bridge.sandbox.http import Response
from bridge.sandbox.redmine import filters, issue_filters, issue_render
from bridge.sandbox.redmine.context import Context, invalid
from bridge.sandbox.redmine.filters import Filter
from bridge.sandbox.redmine.model import ARCHIVED, Issue, Project

KINDS = {
    "status_id": "list_status",
    "tracker_id": "list",
    "priority_id": "list",
    "author_id": "list",
    "assigned_to_id": "list_optional",
    "fixed_version_id": "list_optional",
    "category_id": "list_optional",
    "subject": "text",
    "description": "text",
    "notes": "text",
    "created_on": "date_past",
    "updated_on": "date_past",
    "closed_on": "date_past",
    "start_date": "date",
    "due_date": "date",
    "estimated_hours": "float",
    "done_ratio": "integer",
    "is_private": "list",
    "watcher_id": "list",
    "updated_by": "list",
    "last_updated_by": "list",
    "parent_id": "tree",
    "child_id": "tree",
    "issue_id": "integer",
    **dict.fromkeys(("relates", "duplicates", "blocks", "precedes"), "relation"),
}
KINDS |= dict.fromkeys(issue_filters.REVERSED, "relation")
LABELS = {
    "status_id": "Status",
    "tracker_id": "Tracker",
    "priority_id": "Priority",
    "author_id": "Author",
    "assigned_to_id": "Assignee",
    "fixed_version_id": "Target version",
    "category_id": "Category",
    "subject": "Subject",
    "description": "Description",
    "notes": "Notes",
    "created_on": "Created",
    "updated_on": "Updated",
    "closed_on": "Closed",
    "start_date": "Start date",
    "due_date": "Due date",
    "estimated_hours": "Estimated time",
    "done_ratio": "% Done",
    "parent_id": "Parent task",
    "issue_id": "Issue",
    "project_id": "Project",
}
_PEOPLE = {"author_id", "assigned_to_id", "watcher_id", "updated_by", "last_updated_by"}


def index(ctx: Context, project_key: str = "") -> Response:
    """Open issues only, unless `status_id` says otherwise; filters and sort keys that do not exist are ignored."""
    query = dict(ctx.request.query)
    if query.get("project_id") == "":
        raise invalid(["Project cannot be blank"])
    key = project_key or query.pop("project_id", "")
    project = ctx.find_project(key) if key else None
    if project:
        ctx.authorize(project, "view_issues")
    elif not ctx.access.allowed_somewhere(ctx.user, "view_issues"):
        raise ctx.deny()
    if project is None:
        query.pop("category_id", None)
    conditions = _conditions(ctx, {"status_id": "o"} | query)
    if errors := [f"{_label(ctx, c)} {filters.problem(c)}" for c in conditions if filters.problem(c)]:
        raise invalid(errors)
    rows = _candidates(ctx, conditions, project)
    if project:
        inside = _project_ids(ctx, project, query.get("subproject_id"))
        rows = [issue for issue in rows if issue.project_id in inside]
    for condition in conditions:
        test = issue_filters.test(ctx, condition)
        rows = [issue for issue in rows if test(issue)]
    rows = issue_filters.in_order(ctx, ctx.access.visible_issues(ctx.user, rows), query.get("sort", ""))
    return ctx.listing("issues", rows, lambda issue: issue_render.in_list(ctx, issue))


def _conditions(ctx: Context, query: dict[str, str]) -> list[Filter]:
    kinds = dict(KINDS)
    for field in ctx.state.custom_fields.values():
        if field.customized == "issue" and field.is_filter:
            kinds[f"cf_{field.id}"] = "list_optional" if field.field_format == "list" else "string"
    found = []
    for name, text in query.items():
        if name not in kinds or (name == "watcher_id" and not ctx.user.logged):
            continue
        value = text.replace("me", str(ctx.user.id)) if name in _PEOPLE else text
        found.append(filters.parse(name, kinds[name], value))
    return found


def _label(ctx: Context, condition: Filter) -> str:
    if condition.field.startswith("cf_"):
        return ctx.state.custom_fields[int(condition.field[3:])].name
    return LABELS.get(condition.field, condition.field)


def _candidates(ctx: Context, conditions: list[Filter], project: Project | None) -> list[Issue]:
    """The shortest list an index gives; the filters are still applied to it."""
    state = ctx.state
    for condition in conditions:
        if condition.operator != "=":
            continue
        if condition.field == "issue_id":
            return [state.issues[number] for number in sorted(condition.numbers()) if number in state.issues]
        if condition.field == "parent_id":
            return [child for number in condition.numbers() for child in state.children_of(number)]
        if condition.field.startswith("cf_"):
            number = int(condition.field[3:])
            return [issue for value in dict.fromkeys(condition.values) for issue in state.issues_with(number, value)]
    if project:
        return [issue for inner in state.project_tree(project) for issue in state.issues_of(inner.id)]
    return list(state.issues.values())


def _project_ids(ctx: Context, project: Project, subprojects: str | None) -> set[int]:
    """Subprojects belong to it unless `subproject_id` is `!*` or names them; without any subproject it is no filter."""
    below = [child for child in ctx.state.project_tree(project) if child.id != project.id and child.status != ARCHIVED]
    ids = {child.id for child in below}
    if not below or subprojects is None:
        return {project.id} | ids
    condition = filters.parse("subproject_id", "list_subprojects", subprojects)
    named = {child.id for child in below if str(child.id) in condition.values}
    chosen = {"=": named, "!": ids - named, "!*": set(), "*": ids}[condition.operator]
    return {project.id} | chosen
