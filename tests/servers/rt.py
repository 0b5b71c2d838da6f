"""A real Request Tracker 5 (Debian's package, SQLite) with what the tests need in it: see rt/bootstrap.pl."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.servers.common import Caller, Instance, answers, start_instance

BRIDGE = "itsm-sync"
PEOPLE = ("alice", "bob")
"""Agents who may do everything in both queues; carol is a customer without a login, root the administrator."""


@dataclass(frozen=True)
class RtServer:
    """A running RT. `rest` is the base of its REST 2 interface; dictionaries of ids are name -> id."""

    url: str
    rest_url: str
    version: str
    token: str = field(repr=False)
    password: str = field(repr=False)
    queue: str
    queues: dict[str, int]
    custom_fields: dict[str, int]
    timezone: str
    instance: Instance = field(repr=False)

    def rest(self, method: str, path: str, json: Any = None, *, as_: str = BRIDGE, **extra: Any) -> requests.Response:
        """One REST request, as the bridge's account or as alice, bob or root; paths begin with /."""
        return self.as_user(as_)(method, path, json, **extra)

    def as_user(self, login: str) -> Caller:
        """REST as that account: the bridge with its token, people and root with their password."""
        if login == BRIDGE:
            return Caller(self.rest_url, {"Authorization": f"token {self.token}"})
        return Caller(self.rest_url, basic=(login, self.password))

    def create_ticket(self, subject: str, *, as_: str = "alice", **fields: Any) -> int:
        """The id of a new ticket in the queue; `fields` as REST names them (Content, Priority, CustomFields, ...)."""
        body = {"Queue": self.queue, "Subject": subject, **fields}
        return int(self.as_user(as_).ok("POST", "/ticket", body)["id"])

    def stop(self) -> None:
        """Ends the server by its pid and removes its data. Stopping twice is fine."""
        self.instance.stop()

    def reset(self) -> None:
        """Database as right after the start, while the server runs (about 20 ms)."""
        with (
            closing(sqlite3.connect(self._database, timeout=10)) as live,
            closing(sqlite3.connect(f"file:{self._pristine}?mode=ro", uri=True)) as pristine,
        ):
            pristine.backup(live)

    @property
    def _database(self) -> Path:
        return self.instance.directory / "rt.sqlite3"

    @property
    def _pristine(self) -> Path:
        return self.instance.directory / "pristine.sqlite3"


def start_rt(
    *,
    hook_url: str | None = None,
    hook_secret: str | None = None,
    timezone: str = "UTC",
    workers: int = 4,
    bcrypt_cost: int = 5,
) -> RtServer:
    """A fresh RT that answers.

    hook_url, hook_secret: with them, every change of a ticket in Incidents is posted there (rt/hook.pl has the shape).
    timezone: of the bridge's account, an IANA name; RT reads times in searches in that zone.
    bcrypt_cost: 5 keeps tests quick; 12 is RT's own default and costs 215 ms of CPU per request.
    Raises ServerUnavailable or ServerFailed.
    """
    env = {"RT_WORKERS": str(workers), "RT_BCRYPT": str(bcrypt_cost)}
    if hook_url is not None:
        env |= {"RT_HOOK_URL": hook_url, "RT_HOOK_SECRET": hook_secret or ""}
    instance = start_instance("rt", _ready, env)
    url = f"http://127.0.0.1:{instance.port}"
    facts = json.loads((instance.directory / "facts.json").read_text(encoding="utf-8"))
    server = RtServer(url=url, rest_url=f"{url}/REST/2.0", timezone=timezone, instance=instance, **facts)
    try:
        if timezone != "UTC":
            server.as_user("root").ok("PUT", f"/user/{BRIDGE}", {"Timezone": timezone})
        with (
            closing(sqlite3.connect(server._database)) as live,
            closing(sqlite3.connect(server._pristine)) as pristine,
        ):
            live.backup(pristine)
    except BaseException:
        instance.stop()
        raise
    return server


@contextmanager
def running_rt(**options: Any) -> Iterator[RtServer]:
    """start_rt(**options) that stops at the end of the block."""
    server = start_rt(**options)
    try:
        yield server
    finally:
        server.stop()


def _ready(instance: Instance) -> bool:
    return answers(f"http://127.0.0.1:{instance.port}/REST/2.0/rt", 401)
