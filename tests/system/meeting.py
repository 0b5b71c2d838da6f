"""The project in which candidates are decided, as its members use it; the same on the sandbox and on a real Redmine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.model.promotion import Promotion
from tests.system.stage import RULE, Stage, opened

PROPOSE = RULE.replace("mode: auto", "mode: propose")


@dataclass
class Meeting:
    """jane may decide, ben and mia may write."""

    stage: Stage
    clock: str = "system"
    project: int = 0

    def set_up(self, *, public: bool = False, **settings: Any) -> None:
        """The administrator makes the project; the bridge is configured and looks once."""
        admin = self.stage.office.as_user("admin")
        fields = {
            "name": "Intake",
            "identifier": "intake",
            "is_public": public,
            "enabled_module_names": ["issue_tracking", "wiki"],
            "tracker_ids": [1, 2, 3],
        }
        self.project = admin.ok("POST", "/projects.json", {"project": fields})["project"]["id"]
        roles = {row["name"]: row["id"] for row in admin.ok("GET", "/roles.json")["roles"]}
        members = {"itsm-sync": "Bridge", "jane": "Manager", "ben": "Developer", "mia": "Developer"}
        for login, role in members.items():
            member = {"user_id": self.stage.office.ids[login], "role_ids": [roles[role]]}
            admin.ok("POST", f"/projects/{self.project}/memberships.json", {"membership": member})
        self.configure(**settings)
        self.stage.once()
        self.stage.pause()

    def configure(self, **settings: Any) -> None:
        """Writes the configuration."""
        redmine = {**self.stage.office.settings(), "intake_project": "intake", "creator_role": "Bridge"}
        self.stage.write(**{"rule": PROPOSE, "clock": self.clock, **settings, "redmine": redmine})

    def turn(self) -> None:
        """Some time passes, and the bridge looks."""
        self.stage.pause()
        self.stage.once()

    def issues(self) -> list[dict[str, Any]]:
        """What lies before the meeting."""
        return self.stage.office.issues(self.project)

    def nominate(self, subject: str, description: str = "", *, as_: str = "ben", **fields: Any) -> int:
        """Somebody writes an issue."""
        issue = {"project_id": self.project, "subject": subject, "description": description, **fields}
        return int(self.stage.office.as_user(as_).ok("POST", "/issues.json", {"issue": issue})["issue"]["id"])

    def decide(self, issue: int, status: str, note: str = "", *, as_: str = "jane") -> None:
        """Somebody sets a status, and the bridge looks.

        Not in the second in which the bridge wrote to the issue: that is read again once it is surely over, see
        `bridge.redmine.cursor`, and tests are not to wait so long.
        """
        self.stage.pause()
        self.stage.office.change(issue, status=status, notes=note, as_=as_)
        assert self.status(issue) == status
        self.turn()

    def status(self, issue: int) -> str:
        """The issue's status."""
        return str(self.stage.office.issue(issue)["status"]["name"])

    def last_note(self, issue: int) -> str:
        """The newest note."""
        notes = self.stage.office.notes(issue)
        return notes[-1][0] if notes else ""

    def fill_in(self, issue: int, label: str, value: str, *, as_: str = "ben") -> None:
        """Somebody writes behind a label in the description; in a second of its own, as `decide`."""
        self.stage.pause()
        text = self.stage.office.issue(issue)["description"].replace("\r\n", "\n")
        lines = [f"*{label}:* {value}" if line.startswith(f"*{label}:*") else line for line in text.split("\n")]
        assert f"*{label}:* {value}" in lines, text
        self.stage.office.change(issue, description="\n".join(lines), as_=as_)

    def promotions(self) -> list[Promotion]:
        """All promotions, oldest first."""
        with opened(self.stage) as bridge, bridge.database.reading() as uow:
            return list(uow.promotions.in_states())

    def command(self, name: str, **args: Any) -> dict[str, Any]:
        """What the command line does, by jane."""
        with opened(self.stage) as bridge:
            return dict(bridge.perform(name, {"actor": "jane", **args}))
