"""GET /issues.json: filters, order and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.sandbox.http import Response
from bridge.sandbox.redmine import filters, issue_render
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
_REVERSED = {"duplicated": "duplicates", "blocked": "blocks", "follows": "precedes"}
KINDS |= dict.fromkeys(_REVERSED, "relation")
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

Test = Callable[[Issue], bool]


def index(ctx: Context, project_key: str = "") -> Response:
    """Open issues only, unless `status_id` says otherwise; filters and sort keys that do not exist are ignored."""
    query = dict(ctx.request.query)
    key = project_key or query.pop("project_id", "")
    project = ctx.find_project(key) if key else None
    if project:
        ctx.authorize(project, "view_issues")
    elif not ctx.access.allowed_somewhere(ctx.user, "view_issues"):
        raise ctx.deny()
    conditions = _conditions(ctx, {"status_id": "o"} | query)
    if errors := [f"{_label(ctx, c)} {filters.problem(c)}" for c in conditions if filters.problem(c)]:
        raise invalid(errors)
    rows = _candidates(ctx, conditions, project)
    if project:
        inside = _project_ids(ctx, project, query.get("subproject_id"))
        rows = [issue for issue in rows if issue.project_id in inside]
    for condition in conditions:
        test = _test(ctx, condition)
        rows = [issue for issue in rows if test(issue)]
    rows = _sorted(ctx, ctx.access.visible_issues(ctx.user, rows), query.get("sort", ""))
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


def _test(ctx: Context, condition: Filter) -> Test:
    name, kind = condition.field, condition.kind
    if name.startswith("cf_"):
        number = int(name[3:])
        return lambda issue: filters.text_matches(condition, issue.custom.get(number))
    if kind in {"date_past", "date"}:
        return _time_test(ctx, condition)
    if kind == "relation":
        return _relation_test(ctx, condition)
    special = _special_test(ctx, condition)
    if special:
        return special
    if kind == "text":
        return lambda issue: filters.text_matches(condition, getattr(issue, name))
    if kind in {"integer", "float"}:
        attribute = "id" if name == "issue_id" else name
        return lambda issue: filters.number_matches(condition, getattr(issue, attribute))
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
    if condition.kind == "tree":
        return _tree_test(ctx, condition)
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
    kind = _REVERSED.get(condition.field, condition.field)
    is_symmetric, is_reversed = kind == "relates", condition.field in _REVERSED
    wanted = condition.numbers()

    def others(issue: Issue) -> set[int]:
        rows = [row for row in ctx.state.relations_of(issue.id) if row.kind == kind]
        found = {row.from_id for row in rows if row.to_id == issue.id and (is_symmetric or is_reversed)}
        return found | {row.to_id for row in rows if row.from_id == issue.id and (is_symmetric or not is_reversed)}

    if condition.operator in {"*", "!*"}:
        return lambda issue: bool(others(issue)) == (condition.operator == "*")
    return lambda issue: bool(others(issue) & wanted) == (condition.operator == "=")


def _sorted(ctx: Context, rows: list[Issue], sort: str) -> list[Issue]:
    """By at most three keys `name` or `name:desc`, then by falling id unless the id is a key."""
    state = ctx.state
    keys: dict[str, Callable[[Issue], Any]] = {
        "id": lambda issue: issue.id,
        "project": lambda issue: state.projects[issue.project_id].name,
        "tracker": lambda issue: issue.tracker_id,
        "status": lambda issue: issue.status_id,
        "priority": lambda issue: issue.priority_id,
        "subject": lambda issue: issue.subject,
        "author": lambda issue: state.users[issue.author_id].name,
        "assigned_to": lambda issue: state.users[issue.assigned_to_id].name if issue.assigned_to_id else "",
        "done_ratio": lambda issue: issue.done_ratio,
        "estimated_hours": lambda issue: issue.estimated_hours or 0.0,
        "parent": lambda issue: (root_id(ctx, issue), issue.parent_id or 0, issue.id),
    }
    for name in ("created_on", "updated_on", "closed_on", "start_date", "due_date"):
        keys[name] = lambda issue, name=name: str(getattr(issue, name) or "")
    for field in state.custom_fields.values():
        keys[f"cf_{field.id}"] = lambda issue, number=field.id: issue.custom.get(number) or ""
    order = [part.partition(":")[::2] for part in sort.split(",") if part][:3]
    order = [(name, way) for name, way in order if name in keys]
    if "id" not in {name for name, _ in order}:
        order.append(("id", "desc"))
    for name, way in reversed(order):
        rows = sorted(rows, key=keys[name], reverse=way == "desc")
    return rows


def root_id(ctx: Context, issue: Issue) -> int:
    return next((parent.id for parent in reversed(list(ctx.state.ancestors_of(issue)))), issue.id)
