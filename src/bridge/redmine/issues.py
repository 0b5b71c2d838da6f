"""Issues: created once with one request, found again by their origin, related."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.model.errors import Forbidden, NotApplied, NotFound, Rejected
from bridge.model.project import Issue, IssueSpec
from bridge.redmine import translate
from bridge.redmine.client import PAGE, Client, Raw
from bridge.redmine.explain import is_about_closed_project, refusal
from bridge.redmine.names import Names
from bridge.redmine.options import RedmineOptions
from bridge.redmine.privacy import Privacy
from bridge.redmine.text import clean, has_origin, one_line, with_origin

_WHY = {
    "tracker": "the project does not have this tracker, or the role may not use it",
    "priority": "the priority is not active, or the workflow makes it read-only for new issues",
    "parent": "the role lacks “Manage subtasks”, or the workflow makes it read-only",
    "start date": "the tracker does not use this field, or the workflow makes it read-only",
    "due date": "the tracker does not use this field, or the workflow makes it read-only",
    "estimated hours": "the tracker does not use this field, or the workflow makes it read-only",
    "version": "the tracker does not use the field “Target version”, or the version is not open",
    "private": "the role lacks “Set own issues public or private”",
}
_READ = "journals,children,allowed_statuses,attachments,relations"
_WHY_CUSTOM = "the field is not used in this project or tracker, or its value is not visible to the bridge's role"


@dataclass(frozen=True, slots=True)
class Issues:
    """What the gateway does with whole issues; changing them is in updates."""

    client: Client
    names: Names
    privacy: Privacy
    options: RedmineOptions

    def create(self, spec: IssueSpec, *, unsure: bool) -> Issue:
        """See ProjectTracker.create_issue."""
        where = f"Redmine project {spec.project_id}, issue “{one_line(spec.subject)}”"
        if unsure:
            found = self.find(spec.project_id, spec.origin)
            if found is not None:
                return translate.issue(found, self.options.url)
        if spec.private:
            self.privacy.require_private_issues(spec.project_id, where)
        fields = self._fields(spec, where)
        usual = None if spec.tracker else self.names.usual_tracker()
        try:
            # not among `fields`: nobody asked for it, so that a project without it is no fault
            raw = self.client.create_issue(fields if usual is None else {**fields, "tracker_id": usual})
        except Forbidden as error:
            raise refusal(self.client, spec.project_id, error, "Add issues") from error
        except Rejected as error:
            if is_about_closed_project(error):
                raise refusal(self.client, spec.project_id, error, "Add issues") from error
            raise Rejected(where, error.reasons, error.advice) from error
        self.names.learn(raw)
        _check_created(raw, fields, spec.origin)
        return translate.issue(raw, self.options.url)

    def find(self, project_id: int, origin: str) -> Raw | None:
        """The issue of a project that carries the origin, the oldest if there are several."""
        field = self._correlation()
        everything = {"project_id": project_id, "subproject_id": "!*", "status_id": "*"}
        if field is not None and "|" not in origin:
            query = {**everything, f"cf_{field}": f"={origin}", "sort": "id", "limit": PAGE}
            # Redmine ignores a filter it does not know and returns everything
            for row in self.client.issue_list(query).rows:
                if translate.custom_values(row).get(field) == origin:
                    return row
        for row in self.client.all_issues(everything):
            if has_origin(row.get("description"), origin):
                return row
        return None

    def read(self, issue_id: int) -> Issue:
        """See ProjectTracker.read_issue."""
        try:
            raw = self.client.issue(issue_id, _READ)
        except (Forbidden, NotFound) as error:
            # Links end with their issue: it must not be all of Redmine that is gone or closed to us
            self.names.account(fresh=True)
            if isinstance(error, NotFound):
                raise
            what = "it is no longer visible: its project is archived, or the bridge's account was removed from it."
            advice = "Unarchive the project or restore the membership."
            raise NotFound(f"Redmine issue #{issue_id}", what, advice) from error
        self.names.learn(raw)
        return translate.issue(raw, self.options.url)

    def relate(self, issue_id: int, other_id: int, kind: str, delay_days: int) -> None:
        """See ProjectTracker.relate."""
        where = f"Redmine issue #{issue_id} {kind} #{other_id}"
        fields: Raw = {"issue_to_id": other_id, "relation_type": kind}
        if delay_days:
            fields["delay"] = delay_days
        try:
            raw = self.client.create_relation(issue_id, fields)
        except Rejected as error:
            # a pair has one relation; the opposite one is refused as a circle before it is refused as taken
            if self._related(issue_id, other_id, kind):
                return
            raise Rejected(where, error.reasons, error.advice) from error
        except Forbidden as error:
            project = self.client.issue(issue_id)["project"]["id"]
            raise refusal(self.client, project, error, "Manage issue relations") from error
        if raw.get("relation_type") != kind or {raw["issue_id"], raw["issue_to_id"]} != {issue_id, other_id}:
            raise NotApplied(where, f"Redmine made it “{raw.get('relation_type')}” instead.", "Correct it in Redmine.")

    def _related(self, issue_id: int, other_id: int, kind: str) -> bool:
        """Whether the two have a relation, unless it says the opposite of what was asked."""
        for row in self.client.relations(issue_id):
            if {row["issue_id"], row["issue_to_id"]} == {issue_id, other_id}:
                return kind == "relates" or row["relation_type"] != kind or bool(row["issue_id"] == issue_id)
        return False

    def _correlation(self) -> int | None:
        name = self.options.correlation_field
        return self.names.custom_field(name) if name else None

    def _fields(self, spec: IssueSpec, where: str) -> Raw:
        fields: Raw = {
            "project_id": spec.project_id,
            "subject": one_line(spec.subject),
            "description": with_origin(spec.description, spec.origin),
        }
        if spec.tracker:
            fields["tracker_id"] = self.names.id_of("tracker", spec.tracker)
        if spec.priority:
            fields["priority_id"] = self.names.id_of("priority", spec.priority)
        if spec.parent_id is not None:
            fields["parent_issue_id"] = spec.parent_id
        if spec.start is not None:
            fields["start_date"] = spec.start.isoformat()
        if spec.due is not None:
            fields["due_date"] = spec.due.isoformat()
        if spec.estimate is not None:
            fields["estimated_hours"] = spec.estimate
        if spec.version_id is not None:
            fields["fixed_version_id"] = spec.version_id
        if spec.private:
            fields["is_private"] = True
        if custom := self._custom(spec, where):
            fields["custom_fields"] = [{"id": key, "value": value} for key, value in custom.items()]
        return fields

    def _custom(self, spec: IssueSpec, where: str) -> dict[int, str]:
        custom: dict[int, str] = {}
        for name, value in spec.custom_fields.items():
            field = self.names.custom_field(name)
            if field is None and self.names.project_field(name) is not None:
                continue
            if field is None:
                reason = f"the custom field “{name}” cannot be seen by the bridge's account."
                raise Rejected(where, (reason,), f"Add its id to redmine.custom_field_ids: {{{name}: …}}.")
            custom[field] = clean(value)
        # Not seen yet, for want of issues (5.0): the line in the description is what it is found by
        if (field := self._correlation()) is not None:
            custom[field] = spec.origin
        return custom


def _check_created(raw: Raw, fields: Raw, origin: str) -> None:
    """Compares a 201 body with what was sent. Raises NotApplied for the first difference, naming all of them."""
    values = translate.custom_values(raw)
    checks: list[tuple[str, object, object]] = [
        ("subject", fields["subject"], raw.get("subject")),
        ("tracker", fields.get("tracker_id"), (raw.get("tracker") or {}).get("id")),
        ("priority", fields.get("priority_id"), (raw.get("priority") or {}).get("id")),
        ("parent", fields.get("parent_issue_id"), (raw.get("parent") or {}).get("id")),
        ("start date", fields.get("start_date"), raw.get("start_date")),
        ("due date", fields.get("due_date"), raw.get("due_date")),
        ("estimated hours", fields.get("estimated_hours"), raw.get("estimated_hours")),
        ("version", fields.get("fixed_version_id"), (raw.get("fixed_version") or {}).get("id")),
        ("private", fields.get("is_private"), raw.get("is_private")),
    ]
    faults = [
        f"{name}: wanted {wanted}, got {got} ({_WHY.get(name, 'Redmine changed it')})"
        for name, wanted, got in checks
        if wanted is not None and not _same(wanted, got)
    ]
    for field in fields.get("custom_fields", []):
        if values.get(field["id"]) != field["value"]:
            got = values.get(field["id"], "nothing")
            faults.append(f"custom field {field['id']}: wanted {field['value']}, got {got} ({_WHY_CUSTOM})")
    if not has_origin(raw.get("description"), origin):
        faults.append(
            "description: it lacks its last line, by which the bridge finds it (is the field used by the tracker?)"
        )
    if faults:
        what = "it was created, but Redmine ignored " + "; ".join(faults) + "."
        raise NotApplied(
            f"Redmine issue #{raw['id']}", what, "Mend the cause and the issue; a retry takes it as it is."
        )


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, float) and isinstance(got, int | float):
        return abs(wanted - got) < 0.01
    return wanted == got
