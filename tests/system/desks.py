"""The service desk as people use it, the same for every incident system, so that one story runs on all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tests.servers.rt import BRIDGE, RtServer


class Desk(Protocol):
    """What people do and see at the service desk."""

    source: str

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
    resolved = "resolved"
    on_hold = "stalled"

    def source_settings(self) -> dict[str, Any]:
        return {"name": self.source, "kind": "rt", "url": self.rt.url, "token": self.rt.token, "start_from": "now"}

    def open(self, summary: str, *, key: str, as_: str = "alice") -> str:
        fields = {"Service": "network", "Correlation Key": key}
        return str(self.rt.create_ticket(summary, as_=as_, Priority=90, CustomFields=fields, Content=f"{summary} again"))

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
