"""The fields of a change beside status, assignee, due date, text and note: what is sent, and whether it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridge.model.errors import Forbidden, NotApplied, Rejected
from bridge.model.project import Issue, IssueChange
from bridge.redmine.client import Client, Raw
from bridge.redmine.explain import refusal
from bridge.redmine.names import Names
from bridge.redmine.text import clean, one_line

_DERIVED = (
    "On an issue with subtasks Redmine derives it from them; else let the workflow allow it to the bridge's role."
)
_WORKFLOW = "Does the tracker use the field, and does the workflow let the bridge's role write it?"
_DONE = (
    "It is derived from subtasks, or from the status (Administration → Settings → Issue tracking); or is it disabled?"
)


@dataclass(frozen=True, slots=True)
class UpdateFields:
    """Priority, subject, percent done, category and custom fields."""

    client: Client
    names: Names

    def left(self, before: Issue, change: IssueChange) -> IssueChange:
        """What of the change is not there yet."""
        if change.priority is not None and change.priority.casefold() == before.priority.casefold():
            change = replace(change, priority=None)
        if change.category is not None and change.category.casefold() == before.category.casefold():
            change = replace(change, category=None)
        if change.subject is not None and one_line(change.subject) == before.subject:
            change = replace(change, subject=None)
        if change.done_ratio is not None and change.done_ratio == before.done_ratio:
            change = replace(change, done_ratio=None)
        there = {name: value for name, value in change.custom.items() if before.custom.get(name) == clean(value)}
        return replace(change, custom={k: v for k, v in change.custom.items() if k not in there}) if there else change

    def sent(self, issue_id: int, change: IssueChange, where: str) -> Raw:
        """As REST takes them. Raises Rejected for a name that Redmine does not have."""
        fields: Raw = {}
        if change.priority is not None:
            fields["priority_id"] = self.names.id_of("priority", change.priority)
        if change.subject is not None:
            fields["subject"] = one_line(change.subject)
        if change.done_ratio is not None:
            fields["done_ratio"] = change.done_ratio
        if change.category is not None:
            fields["category_id"] = self._category(issue_id, change.category) if change.category else ""
        if change.custom:
            fields["custom_fields"] = [
                {"id": self._custom_field(name, where), "value": clean(value)} for name, value in change.custom.items()
            ]
        return fields

    def journalled(self, issue: Issue, change: IssueChange, raw: Raw) -> Iterator[tuple[str, str]]:
        """(name in a journal, value) of what a change set, `raw` being the issue as it was read back."""
        if change.priority is not None:
            yield "priority_id", str(self.names.id_of("priority", change.priority))
        if change.subject is not None:
            yield "subject", issue.subject
        if change.done_ratio is not None:
            yield "done_ratio", str(change.done_ratio)
        if change.category is not None:
            yield "category_id", str((raw.get("category") or {}).get("id", ""))
        for row in raw.get("custom_fields") or ():
            if row["name"] in change.custom:
                yield f"cf_{row['id']}", clean(change.custom[row["name"]])

    def check(self, issue: Issue, change: IssueChange, where: str) -> None:
        """Raises NotApplied for the first field that does not show what was sent."""
        pairs: list[tuple[str, str, str | None, str]] = [
            ("priority", issue.priority, change.priority, _DERIVED),
            ("subject", issue.subject, None if change.subject is None else one_line(change.subject), _WORKFLOW),
            (
                "percent done",
                str(issue.done_ratio),
                None if change.done_ratio is None else str(change.done_ratio),
                _DONE,
            ),
            ("category", issue.category, change.category, _WORKFLOW),
        ]
        for name, wanted in change.custom.items():
            what = "Is the field used in this project and tracker, and may the bridge's role see and write it?"
            pairs.append((f"custom field “{name}”", issue.custom.get(name, ""), clean(wanted), what))
        for name, got, wanted_value, advice in pairs:
            if wanted_value is not None and got.casefold() != wanted_value.casefold():
                what = f"the {name} was not applied: wanted {wanted_value or 'nothing'}, got {got or 'nothing'}."
                raise NotApplied(where, what, advice)

    def _category(self, issue_id: int, name: str) -> int:
        """The id of a category of the issue's project; one that it lacks is made."""
        project = self.client.issue(issue_id)["project"]["id"]
        found = self._category_there(project, name)
        if found is not None:
            return found
        try:
            return int(self.client.create_category(project, {"name": clean(name)})["id"])
        except Forbidden as error:
            raise refusal(self.client, project, error, "Manage issue categories") from error
        except Rejected:
            # of several that need a new one at once, one makes it: to the others Redmine says that its name is taken
            found = self._category_there(project, name)
            if found is None:
                raise
            return found

    def _category_there(self, project: int, name: str) -> int | None:
        for row in self.client.get(f"/projects/{project}/issue_categories.json", "issue_categories"):
            if row["name"].casefold() == name.casefold():
                return int(row["id"])
        return None

    def _custom_field(self, name: str, where: str) -> int:
        number = self.names.custom_field(name)
        if number is None:
            reason = f"the custom field “{name}” cannot be seen by the bridge's account."
            raise Rejected(where, (reason,), f"Add its id to redmine.custom_field_ids: {{{name}: …}}.")
        return number
