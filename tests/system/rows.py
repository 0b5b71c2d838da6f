"""Fields of an incident and of its own issue as people set and see them, the same on every desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.system.desks import Desk, RtDesk, SandboxDesk
from tests.system.office import Office
from tests.system.stage import Stage

SEVERITY = "custom.ITSM severity"
NAMES = {
    "itsm": {"due": "Due", "done_ratio": "Percent Done", SEVERITY: "Root Cause"},
    "rt": {"due": "Due", "done_ratio": "Resolution Notes", SEVERITY: "Redmine Issue"},
}
"""What the values are called among an incident's fields, by the desk's source."""
RT_PRIORITY = {1: 90, 2: 70, 3: 50, 4: 30, 5: 10}
LEVELS = {"Immediate": 1, "Urgent": 2, "High": 3, "Normal": 4, "Low": 5}


class RtRowsDesk(RtDesk):
    """RT with a custom field for the category."""

    def source_settings(self) -> dict[str, Any]:
        return {**super().source_settings(), "fields": {"category": "CF.Redmine URL"}}


def sync(stage: Stage, direction: str, owner: str, **more: Any) -> dict[str, Any]:
    """The `sync` settings with every field in one direction and with one owner."""
    names = NAMES[stage.desk.source]
    fields = {
        name: {"direction": direction, "owner": owner, **({"incident": names[name]} if name in names else {})}
        for name in ("priority", "due", "subject", "done_ratio", "category", SEVERITY)
    }
    return {"fields": fields, **more}


@dataclass(frozen=True)
class Rows:
    """Sets and shows values by the fields' names; priorities by the issue's names, due dates as days."""

    desk: Desk
    office: Office

    def set_incident(self, incident: str, values: Mapping[str, str], as_: str = "alice") -> None:
        """Somebody changes the incident."""
        if isinstance(self.desk, SandboxDesk):
            self.desk._as(as_).ok("PATCH", f"/api/incidents/{incident}", _sandbox(values))
        elif isinstance(self.desk, RtDesk):
            self.desk.rt.as_user(as_).ok("PUT", f"/ticket/{incident}", _rt(values))

    def incident(self, incident: str) -> dict[str, str]:
        """What the incident shows."""
        if isinstance(self.desk, SandboxDesk):
            row = self.desk._row(incident)
            level = row.priority
            plain = {"subject": row.title, "category": row.category, "due": row.custom.get("Due", "")}
            custom = {"done_ratio": row.custom.get("Percent Done", ""), SEVERITY: row.custom.get("Root Cause", "")}
        else:
            assert isinstance(self.desk, RtDesk)
            ticket = self.desk.rt.as_user("root").ok("GET", f"/ticket/{incident}")
            fields = {one["name"]: ", ".join(one["values"]) for one in ticket["CustomFields"]}
            level = next(
                level for level, number in RT_PRIORITY.items() if int(ticket["Priority"]) // 20 == number // 20
            )
            due = "" if ticket["Due"].startswith("1970") else ticket["Due"][:10]
            plain = {"subject": ticket["Subject"], "category": fields.get("Redmine URL", ""), "due": due}
            custom = {"done_ratio": fields["Resolution Notes"], SEVERITY: fields["Redmine Issue"]}
        name = next(name for name, number in LEVELS.items() if number == level)
        return {"priority": name, **plain, **custom}

    def set_issue(self, issue: int, values: Mapping[str, str], as_: str = "admin") -> None:
        """Somebody changes the issue."""
        self.office.change(issue, as_=as_, **self.issue_fields(issue, values))

    def issue_fields(self, issue: int, values: Mapping[str, str]) -> dict[str, Any]:
        """The values as REST sets them on the issue."""
        admin = self.office.as_user("admin")
        ids = {one["name"]: one["id"] for one in self.office.issue(issue)["custom_fields"]}
        fields: dict[str, Any] = {}
        for name, value in values.items():
            match name:
                case "priority":
                    rows = admin.ok("GET", "/enumerations/issue_priorities.json")["issue_priorities"]
                    fields["priority_id"] = next(row["id"] for row in rows if row["name"] == value)
                case "due":
                    fields["due_date"] = value
                case "category":
                    project = self.office.issue(issue)["project"]["id"]
                    path = f"/projects/{project}/issue_categories.json"
                    made = admin.ok("POST", path, {"issue_category": {"name": value}})
                    fields["category_id"] = made["issue_category"]["id"]
                case "subject":
                    head = self.office.issue(issue)["subject"].partition(": ")[0]
                    fields["subject"] = f"{head}: {value}"
                case "done_ratio":
                    fields["done_ratio"] = int(value)
                case _:
                    fields["custom_fields"] = [{"id": ids[name.removeprefix("custom.")], "value": value}]
        return fields

    def issue(self, issue: int) -> dict[str, str]:
        """What the issue shows."""
        found = self.office.issue(issue)
        custom = {one["name"]: one.get("value") or "" for one in found["custom_fields"]}
        return {
            "priority": found["priority"]["name"],
            "due": found.get("due_date") or "",
            "subject": found["subject"].partition(": ")[2],
            "done_ratio": str(found["done_ratio"] or ""),
            "category": (found.get("category") or {}).get("name", ""),
            SEVERITY: custom["ITSM severity"],
        }


def _sandbox(values: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    custom: dict[str, str] = {}
    for name, value in values.items():
        if name == "priority":
            body["priority"] = LEVELS[value]
        elif name in {"subject", "category"}:
            body[{"subject": "title"}.get(name, name)] = value
        else:
            custom[NAMES["itsm"][name]] = value
    return body | ({"custom": custom} if custom else {})


def _rt(values: Mapping[str, str]) -> dict[str, Any]:
    change: dict[str, Any] = {}
    custom: dict[str, str] = {}
    for name, value in values.items():
        match name:
            case "priority":
                change["Priority"] = RT_PRIORITY[LEVELS[value]]
            case "subject":
                change["Subject"] = value
            case "due":
                change["Due"] = f"{value} 12:00:00"
            case "category":
                custom["Redmine URL"] = value
            case _:
                custom[NAMES["rt"][name]] = value
    return change | ({"CustomFields": custom} if custom else {})
