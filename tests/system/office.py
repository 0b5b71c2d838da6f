"""Redmine as people use it: the same REST calls on a real one and on the sandbox's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.servers.common import Caller


@dataclass(frozen=True)
class Office:
    """A Redmine with the tests' seed. `as_user` gives REST as one of its accounts."""

    url: str
    bridge_key: str
    version: str
    as_user: Callable[[str], Caller]
    ids: dict[str, int]  # login -> user id
    statuses: dict[str, int]

    def settings(self) -> dict[str, Any]:
        """The `redmine` entry of bridge.yaml."""
        return {"url": self.url, "api_key": self.bridge_key, "parent_project": "operations", "version": self.version}

    def projects(self) -> list[dict[str, Any]]:
        """The projects that the bridge opened, oldest first."""
        found = self.as_user("admin").ok("GET", "/projects.json?limit=100")["projects"]
        return sorted((p for p in found if p.get("parent")), key=lambda p: p["id"])

    def issues(self, project: int) -> list[dict[str, Any]]:
        """All issues of a project with their relations, oldest first."""
        path = f"/issues.json?project_id={project}&status_id=*&limit=100&sort=id&include=relations"
        return list(self.as_user("admin").ok("GET", path)["issues"])

    def issue(self, number: int) -> dict[str, Any]:
        """One issue with journals, relations and children."""
        return dict(self.as_user("admin").ok("GET", f"/issues/{number}.json?include=journals,relations")["issue"])

    def root(self, project: int) -> dict[str, Any]:
        """The root issue of a project: the first one that was created."""
        return self.issues(project)[0]

    def own_issue(self, project: int, incident: str) -> dict[str, Any]:
        """The issue of one incident, by its reference."""
        mine = [i for i in self.issues(project) if i["subject"].startswith(f"{incident}:")]
        assert len(mine) == 1, [i["subject"] for i in self.issues(project)]
        return mine[0]

    def members(self, project: int) -> set[str]:
        """The logins of the direct members of a project."""
        rows = self.as_user("admin").ok("GET", f"/projects/{project}/memberships.json?limit=100")["memberships"]
        names = {number: login for login, number in self.ids.items()}
        return {names[row["user"]["id"]] for row in rows if "user" in row}

    def note(self, number: int, text: str, *, private: bool = False, as_: str = "jane") -> None:
        """Somebody writes a note on an issue."""
        self.as_user(as_).ok("PUT", f"/issues/{number}.json", {"issue": {"notes": text, "private_notes": private}})

    def change(self, number: int, *, as_: str = "jane", **fields: Any) -> None:
        """Somebody changes an issue; `status` and `assigned_to` are names."""
        if "status" in fields:
            fields["status_id"] = self.statuses[fields.pop("status")]
        if "assigned_to" in fields:
            login = fields.pop("assigned_to")
            fields["assigned_to_id"] = self.ids[login] if login else ""
        self.as_user(as_).ok("PUT", f"/issues/{number}.json", {"issue": fields})

    def page(self, project: int, title: str) -> str:
        """The text of a wiki page."""
        return str(self.as_user("admin").ok("GET", f"/projects/{project}/wiki/{title}.json")["wiki_page"]["text"])

    def notes(self, number: int) -> list[tuple[str, bool]]:
        """(text, private) of all notes on an issue, oldest first."""
        journals = self.issue(number)["journals"]
        return [(j["notes"], j.get("private_notes", False)) for j in journals if j.get("notes")]

    def changes_by(self, login: str, number: int) -> int:
        """How many journals of an issue somebody wrote."""
        return sum(j["user"]["id"] == self.ids[login] for j in self.issue(number)["journals"])

    def dump(self) -> dict[str, Any]:
        """Everything the bridge made, by names instead of ids, so that two runs can be compared."""
        return {project["identifier"]: self._dumped(project) for project in self.projects()}

    def _dumped(self, project: dict[str, Any]) -> dict[str, Any]:
        issues = self.issues(project["id"])
        subjects = {issue["id"]: issue["subject"] for issue in issues}
        wiki = self.as_user("admin").ok("GET", f"/projects/{project['id']}/wiki/index.json")["wiki_pages"]
        admin = self.as_user("admin")
        versions = admin.ok("GET", f"/projects/{project['id']}/versions.json")["versions"]
        categories = admin.ok("GET", f"/projects/{project['id']}/issue_categories.json")["issue_categories"]
        return {
            "versions": sorted((row["name"], row["description"], row.get("due_date")) for row in versions),
            "categories": sorted(row["name"] for row in categories),
            "name": project["name"],
            "public": project["is_public"],
            "description": project["description"],
            "members": sorted(self.members(project["id"])),
            "pages": {page["title"]: self.page(project["id"], page["title"]) for page in wiki},
            "issues": sorted(
                (
                    issue["subject"],
                    issue["description"],
                    issue["status"]["name"],
                    issue.get("assigned_to", {}).get("name", ""),
                    subjects.get(issue.get("parent", {}).get("id", 0), ""),
                    issue.get("start_date"),
                    issue.get("due_date"),
                    issue.get("estimated_hours"),
                    issue.get("fixed_version", {}).get("name", ""),
                    tuple(self.notes(issue["id"])),
                    tuple(
                        sorted(
                            (r["relation_type"], subjects[r["issue_id"]], subjects[r["issue_to_id"]])
                            for r in issue.get("relations", [])
                        )
                    ),
                )
                for issue in issues
            ),
        }
