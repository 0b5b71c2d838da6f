"""Files, work logs and relations as people use them, the same for every incident system."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass

from bridge.sandbox import Sandbox
from bridge.sandbox.itsm.model import Incident
from tests.servers.rt import BRIDGE, RtServer
from tests.system.stage import Stage


@dataclass
class Carrier(ABC):
    """A stage whose people attach files, spend time and relate incidents."""

    stage: Stage

    def attach_to_issue(
        self, issue: int, name: str, content: bytes, *, private: bool = False, as_: str = "mia"
    ) -> None:
        """Somebody attaches a file to an issue with a note."""
        caller = self.stage.office.as_user(as_)
        upload = caller.ok(
            "POST", f"/uploads.json?filename={name}", data=content, headers={"Content-Type": "application/octet-stream"}
        )["upload"]
        body = {
            "uploads": [{"token": upload["token"], "filename": name}],
            "notes": "see file",
            "private_notes": private,
        }
        caller.ok("PUT", f"/issues/{issue}.json", {"issue": body})

    def issue_files(self, issue: int) -> dict[str, bytes]:
        """The content of an issue's files by name."""
        admin = self.stage.office.as_user("admin")
        found = admin.ok("GET", f"/issues/{issue}.json?include=attachments")["issue"]["attachments"]
        return {one["filename"]: admin("GET", f"/attachments/download/{one['id']}").content for one in found}

    def spend(self, issue: int, hours: float, *, as_: str) -> int:
        """Somebody books time on an issue; the entry's id."""
        admin = self.stage.office.as_user("admin")
        activity = admin.ok("GET", "/enumerations/time_entry_activities.json")["time_entry_activities"][0]["id"]
        body = {"issue_id": issue, "hours": hours, "activity_id": activity, "comments": "line cards"}
        return int(
            self.stage.office.as_user(as_).ok("POST", "/time_entries.json", {"time_entry": body})["time_entry"]["id"]
        )

    def spend_instead(self, entry: int, hours: float) -> None:
        """The entry is corrected."""
        self.stage.office.as_user("admin").ok("PUT", f"/time_entries/{entry}.json", {"time_entry": {"hours": hours}})

    def forget(self, entry: int) -> None:
        """The entry is removed."""
        self.stage.office.as_user("admin").ok("DELETE", f"/time_entries/{entry}.json")

    @abstractmethod
    def attach_to_incident(self, incident: str, name: str, content: bytes, *, private: bool) -> None:
        """An agent attaches a file."""

    @abstractmethod
    def files(self, incident: str) -> list[tuple[str, bytes, bool]]:
        """(name, content, private) of the files of an incident."""

    @abstractmethod
    def worked(self, incident: str) -> int:
        """The minutes in the work log."""

    @abstractmethod
    def related(self, incident: str) -> set[str]:
        """The incidents that one refers to."""

    @abstractmethod
    def written(self) -> int:
        """How many changes the bridge made to incidents."""


@dataclass
class SandboxCarrier(Carrier):
    """The sandbox's incident system."""

    sandbox: Sandbox

    def attach_to_incident(self, incident: str, name: str, content: bytes, *, private: bool) -> None:
        body = {"name": name, "content": base64.b64encode(content).decode()}
        self.stage.desk._as("alice").ok(
            "POST", f"/api/incidents/{incident}/files", {**body, "visibility": "internal" if private else "public"}
        )

    def files(self, incident: str) -> list[tuple[str, bytes, bool]]:
        return [(one.name, one.content, one.visibility == "internal") for one in self._row(incident).files]

    def worked(self, incident: str) -> int:
        return sum(one.minutes for one in self._row(incident).work)

    def related(self, incident: str) -> set[str]:
        return {str(number) for number in self._row(incident).related}

    def written(self) -> int:
        return self.stage.writes()

    def _row(self, incident: str) -> Incident:
        return self.sandbox.itsm.app.state.incidents[int(incident)]


@dataclass
class RtCarrier(Carrier):
    """Request Tracker 5."""

    rt: RtServer

    def attach_to_incident(self, incident: str, name: str, content: bytes, *, private: bool) -> None:
        kind = "comment" if private else "correspond"
        body = json.dumps({"Content": "see file", "ContentType": "text/plain"})
        sent = {"JSON": (None, body), "Attachments": (name, content, "application/octet-stream")}
        self.rt.as_user("alice").ok("POST", f"/ticket/{incident}/{kind}", files=sent)

    def files(self, incident: str) -> list[tuple[str, bytes, bool]]:
        root = self.rt.as_user("root")
        found = []
        for row in root.ok("GET", f"/ticket/{incident}/history?fields=Type&per_page=100")["items"]:
            path = f"/transaction/{row['id']}/attachments?fields=Filename"
            for part in root.ok("GET", path)["items"] if row["Type"] in {"Comment", "Correspond"} else ():
                if part["Filename"]:
                    whole = root.ok("GET", f"/attachment/{part['id']}")
                    found.append((part["Filename"], base64.b64decode(whole["Content"]), row["Type"] == "Comment"))
        return found

    def worked(self, incident: str) -> int:
        return int(self.rt.as_user("root").ok("GET", f"/ticket/{incident}")["TimeWorked"] or 0)

    def related(self, incident: str) -> set[str]:
        links = self.rt.as_user("root").ok("GET", f"/ticket/{incident}")["_hyperlinks"]
        return {str(one["id"]) for one in links if one["ref"] == "refers-to" and one.get("type") == "ticket"}

    def written(self) -> int:
        rows = self.rt.as_user("root").ok("GET", "/transactions?query=Creator='" + BRIDGE + "'&per_page=1")
        return int(rows.get("total") or 0)
