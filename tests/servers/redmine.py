"""A real Redmine (Debian's package, SQLite, Puma) with what the tests need in it. See redmine/setup.rb for the seed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.servers.common import Caller, Instance, answers, start_instance
from tests.servers.mailbox import Mail, Mailbox

BRIDGE = "itsm-sync"


@dataclass(frozen=True)
class Person:
    """An account of the test Redmine."""

    login: str
    id: int
    key: str = field(repr=False)
    mail: str
    name: str


@dataclass(frozen=True)
class RedmineServer:
    """A running Redmine. Dictionaries of ids are name -> id, with the names of Redmine's English default data."""

    url: str
    version: str
    admin_key: str = field(repr=False)
    bridge_key: str = field(repr=False)
    people: dict[str, Person]
    parent_project: str
    parent_project_id: int
    creator_role: str
    trackers: dict[str, int]
    statuses: dict[str, int]
    priorities: dict[str, int]
    activities: dict[str, int]
    roles: dict[str, int]
    custom_fields: dict[str, int]
    instance: Instance = field(repr=False)
    mailbox: Mailbox | None = field(repr=False, default=None)

    def admin_api(self, method: str, path: str, json: Any = None, **extra: Any) -> requests.Response:
        """One REST request as the administrator; paths begin with / and end in .json."""
        return self.as_user("admin")(method, path, json, **extra)

    def as_user(self, login: str) -> Caller:
        """REST as that account (admin, itsm-sync or one of the people)."""
        return Caller(self.url, {"X-Redmine-API-Key": self.people[login].key})

    def mails(self) -> list[Mail]:
        """What was delivered since the start or reset. Redmine delivers before it answers the request behind it."""
        assert self.mailbox is not None, "started without mail=True"
        return self.mailbox.mails()

    def reset(self) -> None:
        """Database, files and mailbox as right after the start, while the server runs (about 20 ms)."""
        with closing(sqlite3.connect(self._database, timeout=10)) as live:
            with closing(sqlite3.connect(f"file:{self._pristine}?mode=ro", uri=True)) as pristine:
                pristine.backup(live)
            # Redmine reads its settings again when the newest of them is newer than its cache
            live.execute("update settings set updated_on = strftime('%Y-%m-%d %H:%M:%f', 'now')")
            live.commit()
        for stored in (self.instance.directory / "files").iterdir():
            shutil.rmtree(stored) if stored.is_dir() else stored.unlink()
        if self.mailbox is not None:
            self.mailbox.clear()

    def stop(self) -> None:
        """Ends the server by its pid and removes its data. Stopping twice is fine."""
        self.instance.stop()
        if self.mailbox is not None:
            self.mailbox.close()

    @property
    def _database(self) -> Path:
        return self.instance.directory / "redmine.sqlite3"

    @property
    def _pristine(self) -> Path:
        return self.instance.directory / "pristine.sqlite3"


def start_redmine(*, mail: bool = False, workers: int = 0, creator_may_publish: bool = True) -> RedmineServer:
    """A fresh Redmine that answers.

    mail: notifications as Redmine sends them by default, into mails(); else none (and each write is much faster).
    workers: processes of Puma with five threads each; 0 is a single process.
    creator_may_publish: False gives the creator of a project a role without the right to choose its publicity; versions
    before 5.1 have no such right, there it changes nothing.
    Raises ServerUnavailable or ServerFailed.
    """
    mailbox = Mailbox() if mail else None
    env = {"RM_WORKERS": str(workers)}
    if mailbox is not None:
        env["RM_SMTP_PORT"] = str(mailbox.port)
    if not creator_may_publish:
        env["RM_CREATOR_ROLE"] = "Bridge without publicity"
    try:
        instance = start_instance("redmine", _ready, env)
    except BaseException:
        if mailbox is not None:
            mailbox.close()
        raise
    facts = _facts(instance)
    people = {login: Person(login, **person) for login, person in facts.pop("people").items()}
    if not creator_may_publish:
        facts["creator_role"] = next(name for name in ("Bridge without publicity", "Bridge") if name in facts["roles"])
    server = RedmineServer(
        url=f"http://127.0.0.1:{instance.port}",
        admin_key=people["admin"].key,
        bridge_key=people[BRIDGE].key,
        people=people,
        instance=instance,
        mailbox=mailbox,
        **facts,
    )
    with closing(sqlite3.connect(server._database)) as live, closing(sqlite3.connect(server._pristine)) as pristine:
        live.backup(pristine)
    return server


@contextmanager
def running_redmine(**options: Any) -> Iterator[RedmineServer]:
    """start_redmine(**options) that stops at the end of the block."""
    server = start_redmine(**options)
    try:
        yield server
    finally:
        server.stop()


def _facts(instance: Instance) -> dict[str, Any]:
    text = (instance.directory / "facts.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text.splitlines()[-1])
    return facts


def _ready(instance: Instance) -> bool:
    key = _facts(instance)["people"]["admin"]["key"]
    return answers(f"http://127.0.0.1:{instance.port}/users/current.json", 200, headers={"X-Redmine-API-Key": key})
