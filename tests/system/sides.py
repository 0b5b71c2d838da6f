"""Both sides as many people use them at once: the sandbox's two servers, and a real RT with a real Redmine."""

from __future__ import annotations

import base64
import html
import quopri
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bridge.app import App
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.sandbox import Sandbox
from bridge.sandbox.redmine import model as redmine
from tests.servers.common import Caller
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.desks import SandboxDesk
from tests.system.edits import FIELDS, Shown
from tests.system.office import Office
from tests.system.rows import Rows, RtRowsDesk
from tests.system.stage import real_office, sandbox_office

SANDBOX = {"new": State.NEW, "in_progress": State.IN_PROGRESS, "pending": State.ON_HOLD, "solved": State.RESOLVED}
RT = {"new": State.NEW, "open": State.IN_PROGRESS, "stalled": State.ON_HOLD, "resolved": State.RESOLVED}


class SandboxSides:
    """The sandbox's incident system and its Redmine."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.office: Office = sandbox_office(sandbox)
        self.rows = Rows(SandboxDesk(sandbox), self.office)
        self.agents = {"anna": "ben", "bob": "mia"}

    def employ(self, project: int) -> None:
        """ben and mia become members of a project."""
        state = self.sandbox.redmine.app.state
        role = next(role for role in state.roles.values() if role.name == "Manager")
        for login in ("ben", "mia"):
            user = state.user_by_login(login)
            assert user is not None
            state.put_member(redmine.Member(state.next_id("member"), project, user.id, [role.id]))

    def set_state(self, incident: str, state: State, *, as_: str) -> None:
        name = next(name for name, meant in SANDBOX.items() if meant is state)
        extra = {"pending": {"hold_reason": "waits"}, "solved": {"resolution": "ok"}}.get(name, {})
        self._as(as_)("PATCH", f"/api/incidents/{incident}", {"state": name, **extra})

    def assign(self, incident: str, login: str, *, as_: str) -> None:
        self._as(as_)("PATCH", f"/api/incidents/{incident}", {"assignee": login})

    def write(self, incident: str, text: str, *, private: bool, as_: str) -> None:
        body = {"text": text, "visibility": "internal" if private else "public"}
        self._as(as_)("POST", f"/api/incidents/{incident}/notes", body)

    def incidents(self, _app: App, links: list[Link]) -> list[Shown]:
        return [self._incident(int(link.ref.external_id)) for link in links]

    def issues(self, app: App, links: list[Link]) -> list[Shown]:
        return [self._issue(app, link.issue_id or 0) for link in links]

    def _incident(self, number: int) -> Shown:
        row = self.sandbox.itsm.app.state.incidents[number]
        return Shown(
            SANDBOX[row.state],
            self.agents.get(row.assignee, row.assignee),
            [(note.text, note.visibility == "internal") for note in row.notes],
            [(sha256(file.content).hexdigest(), file.visibility == "internal") for file in row.files],
            sum(work.minutes for work in row.work),
            _chosen(self.rows.incident(str(number))),
        )

    def _issue(self, app: App, number: int) -> Shown:
        state = self.sandbox.redmine.app.state
        row = state.issues[number]
        return Shown(
            app.configured.policy.statuses.state_of(state.statuses[row.status_id].name),
            state.users[row.assigned_to_id].login if row.assigned_to_id else "",
            [(journal.notes or "", journal.private) for journal in row.journals],
            [(sha256(one.content).hexdigest(), False) for one in state.attached_to(f"issue:{number}")],
            fields=_chosen(self.rows.issue(number)),
        )

    def _as(self, login: str) -> Caller:
        token = self.sandbox.itsm.token(login)
        return Caller(self.sandbox.itsm.url, {"Authorization": f"Bearer {token}"})


@dataclass
class RealSides:
    """A real RT and a real Redmine. RT is looked at through its database: it has a page for each note."""

    redmine: RedmineServer
    rt: RtServer

    def __post_init__(self) -> None:
        self.office: Office = real_office(self.redmine)
        self.rows = Rows(RtRowsDesk(self.rt), self.office)
        self.agents = {"alice": "ben", "bob": "mia"}

    def set_state(self, incident: str, state: State, *, as_: str) -> None:
        name = next(name for name, meant in RT.items() if meant is state)
        self.rt.as_user(as_).ok("PUT", f"/ticket/{incident}", {"Status": name})

    def assign(self, incident: str, login: str, *, as_: str) -> None:
        self.rt.as_user(as_).ok("PUT", f"/ticket/{incident}", {"Owner": login or "Nobody"})

    def write(self, incident: str, text: str, *, private: bool, as_: str) -> None:
        kind = "comment" if private else "correspond"
        self.rt.as_user(as_).ok("POST", f"/ticket/{incident}/{kind}", {"Content": text, "ContentType": "text/plain"})

    def incidents(self, _app: App, links: list[Link]) -> list[Shown]:
        with closing(sqlite3.connect(f"file:{self.rt._database}?mode=ro", uri=True)) as database:
            return [self._incident(database, int(link.ref.external_id)) for link in links]

    def issues(self, app: App, links: list[Link]) -> list[Shown]:
        return [self._issue(app, link.issue_id or 0) for link in links]

    def written(self) -> list[Any]:
        """Grows with whatever anybody writes on either side."""
        with closing(sqlite3.connect(f"file:{self.rt._database}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT count(*) FROM Transactions").fetchall()
        tables = ("journals", "journal_details", "issues", "attachments", "time_entries", "issue_relations")
        with closing(sqlite3.connect(f"file:{self.redmine._database}?mode=ro", uri=True)) as database:
            for table in tables:
                found += database.execute(f"SELECT '{table}', count(*) FROM {table}")
            found += database.execute("SELECT id, lock_version FROM issues ORDER BY id")
            found += database.execute("SELECT page_id, version FROM wiki_contents ORDER BY page_id")
        return found

    def _incident(self, database: sqlite3.Connection, number: int) -> Shown:
        ticket = "SELECT t.Status, u.Name, t.TimeWorked FROM Tickets t JOIN Users u ON u.id = t.Owner WHERE t.id = ?"
        status, owner, minutes = database.execute(ticket, (number,)).fetchone()
        parts = (
            "SELECT t.Type, a.Filename, a.ContentEncoding, a.Content FROM Transactions t "
            "JOIN Attachments a ON a.TransactionId = t.id WHERE t.ObjectType = 'RT::Ticket' AND t.ObjectId = ? "
            "AND t.Type IN ('Comment', 'Correspond') AND a.Content IS NOT NULL"
        )
        notes, files = [], []
        for kind, name, encoding, content in database.execute(parts, (number,)):
            whole = _decoded(content, encoding)
            if name:
                files.append((sha256(whole).hexdigest(), kind == "Comment"))
            else:
                notes.append((whole.decode(), kind == "Comment"))
        person = "" if owner == "Nobody" else self.agents.get(owner, owner)
        return Shown(RT[status], person, notes, files, minutes or 0, _chosen(self.rows.incident(str(number))))

    def _issue(self, app: App, number: int) -> Shown:
        row = self.office.issue(number)
        names = {key: login for login, key in self.office.ids.items()}
        return Shown(
            app.configured.policy.statuses.state_of(row["status"]["name"]),
            names[row["assigned_to"]["id"]] if "assigned_to" in row else "",
            [(html.unescape(one.get("notes") or ""), one.get("private_notes", False)) for one in row["journals"]],
            self._attached(number),
            fields=_chosen(self.rows.issue(number)),
        )

    def _attached(self, number: int) -> list[tuple[str, bool]]:
        query = "SELECT digest FROM attachments WHERE container_type = 'Issue' AND container_id = ?"
        with closing(sqlite3.connect(f"file:{self.redmine._database}?mode=ro", uri=True)) as database:
            return [(digest, False) for (digest,) in database.execute(query, (number,))]


def _chosen(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in FIELDS}


def _decoded(content: str | bytes, encoding: str | None) -> bytes:
    """An attachment as RT stores it: as it is, or in one of two encodings."""
    raw = content.encode() if isinstance(content, str) else content
    return {"base64": base64.b64decode, "quoted-printable": quopri.decodestring}.get(encoding or "", bytes)(raw)
