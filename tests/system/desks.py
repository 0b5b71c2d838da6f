"""The service desk as people use it, the same for every incident system, so that one story runs on all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from bridge.sandbox import Sandbox
from tests.servers.common import Caller
from tests.servers.rt import BRIDGE, RtServer


class Desk(Protocol):
    """What people do and see at the service desk."""

    source: str
    logins: dict[str, str]
    """Login at this desk by person of the directory."""
    resolved: str
    """The desk's own word for a resolved incident."""

    def source_settings(self) -> dict[str, Any]:
        """The `sources` entry of bridge.yaml for this desk."""

    def open(self, summary: str, *, key: str, as_: str = "alice") -> str:
        """Somebody opens an incident of the service `network`, priority critical; its id."""

    def resolve(self, incident: str, *, as_: str = "alice") -> None:
        """An agent resolves it."""

    def take(self, incident: str, *, as_: str) -> None:
        """An agent takes it and begins to work."""

    def work_note(self, incident: str, text: str, *, as_: str = "alice") -> None:
        """An agent writes an internal note."""

    def answer(self, incident: str, text: str, *, as_: str = "alice") -> None:
        """An agent answers the caller, who can read it."""

    def state(self, incident: str) -> str:
        """The state in the desk's own word."""

    def handler(self, incident: str) -> str:
        """The login of who works on it, empty for nobody."""

    def notes(self, incident: str) -> list[tuple[str, bool]]:
        """(text, private) of all notes, oldest first."""

    def links(self, incident: str) -> set[str]:
        """The external links."""

    def written_by_bridge(self, incident: str) -> int:
        """How many changes the bridge's account made to it."""


@dataclass
class RtDesk:
    """Request Tracker 5."""

    rt: RtServer
    source: str = "rt"
    resolved: str = "resolved"
    logins: dict[str, str] = field(default_factory=lambda: {"ben": "alice", "mia": "bob"})

    def source_settings(self) -> dict[str, Any]:
        return {"name": self.source, "kind": "rt", "url": self.rt.url, "token": self.rt.token, "start_from": "now"}

    def open(self, summary: str, *, key: str, as_: str = "alice") -> str:
        fields = {"Service": "network", "Correlation Key": key}
        return str(
            self.rt.create_ticket(summary, as_=as_, Priority=90, CustomFields=fields, Content=f"{summary} again")
        )

    def resolve(self, incident: str, *, as_: str = "alice") -> None:
        self.rt.as_user(as_).ok("PUT", f"/ticket/{incident}", {"Status": "resolved"})

    def take(self, incident: str, *, as_: str) -> None:
        self.rt.as_user(as_).ok("PUT", f"/ticket/{incident}", {"Owner": as_, "Status": "open"})

    def work_note(self, incident: str, text: str, *, as_: str = "alice") -> None:
        body = {"Content": text, "ContentType": "text/plain"}
        self.rt.as_user(as_).ok("POST", f"/ticket/{incident}/comment", body)

    def answer(self, incident: str, text: str, *, as_: str = "alice") -> None:
        body = {"Content": text, "ContentType": "text/plain"}
        self.rt.as_user(as_).ok("POST", f"/ticket/{incident}/correspond", body)

    def state(self, incident: str) -> str:
        return str(self.rt.as_user("root").ok("GET", f"/ticket/{incident}")["Status"])

    def handler(self, incident: str) -> str:
        owner = self.rt.as_user("root").ok("GET", f"/ticket/{incident}")["Owner"]["id"]
        return "" if owner == "Nobody" else str(owner)

    def notes(self, incident: str) -> list[tuple[str, bool]]:
        root = self.rt.as_user("root")
        found = []
        for row in self._history(incident):
            if row["Type"] in {"Comment", "Correspond"}:
                path = f"/transaction/{row['id']}/attachments?fields=Content,ContentType"
                parts = root.ok("GET", path)["items"]
                text = "\n".join(p["Content"] for p in parts if p.get("ContentType", "").startswith("text/plain"))
                found.append((text, row["Type"] == "Comment"))
        return found

    def links(self, incident: str) -> set[str]:
        ticket = self.rt.as_user("root").ok("GET", f"/ticket/{incident}")
        return {link["_url"] for link in ticket["_hyperlinks"] if link["ref"] == "refers-to"}

    def written_by_bridge(self, incident: str) -> int:
        return sum(row["Creator"]["id"] == BRIDGE for row in self._history(incident))

    def _history(self, incident: str) -> list[dict[str, Any]]:
        path = f"/ticket/{incident}/history?fields=Type,Creator,Created&per_page=100"
        return list(self.rt.as_user("root").ok("GET", path)["items"])


SANDBOX_SOURCE = Path(__file__).parents[2] / "config" / "sources" / "sandbox.yaml"


@dataclass
class SandboxDesk:
    """The sandbox's incident system, through the `http` source. Its agents have other logins."""

    sandbox: Sandbox
    source: str = "itsm"
    resolved: str = "solved"
    logins: dict[str, str] = field(default_factory=lambda: {"ben": "anna", "mia": "bob"})

    def source_settings(self) -> dict[str, Any]:
        options: dict[str, Any] = yaml.safe_load(SANDBOX_SOURCE.read_text(encoding="utf-8"))
        options["base_url"] = f"{self.sandbox.itsm.url}/api"
        options["auth"] = {**options["auth"], "token": self.sandbox.itsm.token("bridge")}
        return {**options, "name": self.source, "start_from": "now"}

    def open(self, summary: str, *, key: str, as_: str = "alice") -> str:
        body = {
            "title": summary,
            "description": f"{summary} again",
            "service": "network",
            "priority": 1,
            "team": "Incidents",
            "custom": {"Correlation Key": key},
        }
        return str(self._as(as_).ok("POST", "/api/incidents", body)["incident"]["id"])

    def resolve(self, incident: str, *, as_: str = "alice") -> None:
        self._as(as_).ok("PATCH", f"/api/incidents/{incident}", {"state": "solved", "resolution": "restarted"})

    def take(self, incident: str, *, as_: str) -> None:
        body = {"assignee": self._login(as_), "state": "in_progress"}
        self._as(as_).ok("PATCH", f"/api/incidents/{incident}", body)

    def work_note(self, incident: str, text: str, *, as_: str = "alice") -> None:
        body = {"text": text, "visibility": "internal"}
        self._as(as_).ok("POST", f"/api/incidents/{incident}/notes", body)

    def answer(self, incident: str, text: str, *, as_: str = "alice") -> None:
        self._as(as_).ok("POST", f"/api/incidents/{incident}/notes", {"text": text, "visibility": "public"})

    def state(self, incident: str) -> str:
        return str(self._row(incident).state)

    def handler(self, incident: str) -> str:
        login = str(self._row(incident).assignee)
        return {"anna": "alice"}.get(login, login)

    def notes(self, incident: str) -> list[tuple[str, bool]]:
        return [(note.text, note.visibility == "internal") for note in self._row(incident).notes]

    def links(self, incident: str) -> set[str]:
        return {link.url for link in self._row(incident).links}

    def written_by_bridge(self, incident: str) -> int:
        state = self.sandbox.itsm.app.state
        return sum(change.by == "bridge" for change in state.changes_of(int(incident)))

    def _row(self, incident: str) -> Any:
        return self.sandbox.itsm.app.state.incidents[int(incident)]

    def _as(self, login: str) -> Caller:
        token = self.sandbox.itsm.token(self._login(login))
        return Caller(self.sandbox.itsm.url, {"Authorization": f"Bearer {token}"})

    def _login(self, name: str) -> str:
        return {"alice": "anna"}.get(name, name)
