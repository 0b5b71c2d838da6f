"""Hooks that both applications send when something changes, and what goes wrong with them on the way.

The incident system signs as the bridge's generic format has it, Redmine as 7.0 does: X-Redmine-Signature-256 over the
body, no delivery id, one try.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from bridge.sandbox.clock import iso
from bridge.sandbox.itsm.app import ItsmApp
from bridge.sandbox.redmine.app import RedmineApp
from bridge.sandbox.requestlog import Entry

KINDS = ("drop", "double", "late", "swap")
SECONDS = 5.0


@dataclass(slots=True)
class HookFault:
    """The first `skip` hooks of an app ("" for any) pass, the next `times` (None: all) are struck.

    drop    never sent
    double  sent twice
    late    sent after `seconds`
    swap    sent after the next one
    """

    kind: str
    app: str = ""
    times: int | None = 1
    skip: int = 0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of hook fault {self.kind!r}: one of {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A hook that was sent, and how it was answered; status 0: not at all."""

    app: str
    entity: int
    status: int


@dataclass(slots=True)
class _Hook:
    app: str
    entity: int
    body: bytes


@dataclass
class HookSender:
    """Sends hooks of both applications in a thread of its own. Without a receiver for an application it sends none."""

    redmine: RedmineApp
    itsm: ItsmApp
    faults: list[HookFault] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._receivers: dict[str, tuple[str, bytes]] = {}
        self._queue: SimpleQueue[_Hook | None] = SimpleQueue()
        self._held: list[_Hook] = []
        self._changes = 0
        self._issues = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def receiver(self, app: str, url: str, secret: str) -> None:
        """Sends an application's hooks there from now on; without an address to nobody."""
        if app not in {"itsm", "redmine"}:
            raise ValueError(f"there is no application {app!r}")
        self.reset()
        with self._lock:
            self._receivers.pop(app, None)
            if url:
                self._receivers[app] = url, secret.encode()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sandbox-hooks", daemon=True)
                self._thread.start()

    def fault(self, **options: Any) -> HookFault:
        """Sets a fault, see HookFault."""
        fault = HookFault(**options)
        self.faults.append(fault)
        return fault

    def reset(self) -> None:
        """What is there now is no news, and no fault is set."""
        with self._lock:
            self._changes = len(self.itsm.state.changes)
            self._issues = max(self.redmine.state.issues, default=0)
            self._held.clear()
            self.faults.clear()
            self.sent.clear()

    def stop(self) -> None:
        """Sends no more."""
        self._receivers.clear()
        self._queue.put(None)

    def watch(self, phase: str, entry: Entry) -> None:
        """Looks what a request changed; called around each."""
        if phase != "after" or not entry.is_write or entry.status >= 300 or entry.app not in self._receivers:
            return
        with self._lock:
            for hook in self._of_incidents() if entry.app == "itsm" else self._of_issues(entry):
                self._pass(hook)

    def _of_incidents(self) -> list[_Hook]:
        rows = self.itsm.state.changes[self._changes :]
        self._changes = len(self.itsm.state.changes)
        hooks = []
        for number in dict.fromkeys(row.incident_id for row in rows):
            mine = [row for row in rows if row.incident_id == number]
            notes = [row.new for row in mine if row.kind == "note"]
            data = {
                "incident": number,
                "delivery": f"change-{mine[-1].id}",
                "ids": notes if len(notes) == len(mine) else [],
                "changed_at": iso(self.itsm.state.incidents[number].updated_at),
            }
            hooks.append(_Hook("itsm", number, json.dumps(data).encode()))
        return hooks

    def _of_issues(self, entry: Entry) -> list[_Hook]:
        state = self.redmine.state
        newest = max(state.issues, default=0)
        created = list(range(self._issues + 1, newest + 1))
        self._issues = newest
        changed = entry.path.removeprefix("/issues/").removesuffix(".json")
        numbers = created or ([int(changed)] if changed.isdecimal() else [])
        return [self._of_issue(number, "created" if created else "updated") for number in numbers]

    def _of_issue(self, number: int, event: str) -> _Hook:
        issue = self.redmine.state.issues[number]
        data: dict[str, Any] = {
            "issue": {"id": number, "subject": issue.subject, "updated_on": iso(issue.updated_on)},
        }
        if event == "updated" and issue.journals:
            data["journal"] = {"id": issue.journals[-1].id}
        body = {"type": f"issue.{event}", "timestamp": datetime.now(UTC).isoformat(), "data": data}
        return _Hook("redmine", number, json.dumps(body).encode())

    def _pass(self, hook: _Hook) -> None:
        fault = self._fault(hook.app)
        held, self._held = self._held, []
        match fault.kind if fault else "":
            case "drop":
                pass
            case "double":
                self._queue.put(hook)
                self._queue.put(hook)
            case "late":
                timer = threading.Timer(fault.seconds if fault else 0, self._queue.put, (hook,))
                timer.daemon = True
                timer.start()
            case "swap":
                self._held.append(hook)
            case _:
                self._queue.put(hook)
        for one in held:
            self._queue.put(one)

    def _fault(self, app: str) -> HookFault | None:
        for fault in self.faults:
            if fault.app in {"", app} and fault.times != 0:
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def _run(self) -> None:
        while (hook := self._queue.get()) is not None:
            receiver = self._receivers.get(hook.app)
            if receiver is not None:
                self.sent.append(Sent(hook.app, hook.entity, _post(*receiver, hook, _SIGNS[hook.app])))


def _post(url: str, secret: bytes, hook: _Hook, sign: Callable[[bytes, bytes], dict[str, str]]) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    with contextlib.closing(connection):
        try:
            headers = {"Content-Type": "application/json", **sign(hook.body, secret)}
            connection.request("POST", parts.path, hook.body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0


def _sign_generic(body: bytes, secret: bytes) -> dict[str, str]:
    at = int(time.time())
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Bridge-Signature": f"t={at},v1={digest}"}


def _sign_redmine(body: bytes, secret: bytes) -> dict[str, str]:
    return {
        "User-Agent": "Redmine",
        "X-Redmine-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}",
    }


_SIGNS = {"itsm": _sign_generic, "redmine": _sign_redmine}
