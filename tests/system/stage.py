"""A bridge with its configuration in a folder of its own, run in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bridge.app import App, Cycle
from bridge.configuration import load
from bridge.sandbox import Sandbox
from tests.servers.common import Caller
from tests.servers.redmine import RedmineServer
from tests.servers.rt import RtServer
from tests.system.desks import Desk, RtDesk, SandboxDesk
from tests.system.office import Office

CONFIG = Path(__file__).parents[2] / "config"

RULE = """\
version: 1
rules:
  - id: router-cpu
    title: Router CPU keeps alerting
    mode: auto
    match:
      all:
        - {field: summary, regex: "(?i)router.*cpu"}
        - {field: priority, at_most: 3}
    group_by: [service, fields.Correlation Key]
    when:
      any:
        - recurs: {at_least: 5, within: 14d}
        - open_for: {longer_than: 72h}
    project:
      name: "{{ rule.title }}: {{ group.label }}"
      template: network-problem
      owner: jane
      members: [network-team]
      due: 20 business days
    incident: {open: link, later: link, on_delivery: resolve}
    kpi: pause
"""

SMALL = """\
version: 1
title: Small
milestones: [{key: live, title: Solved, tasks: [solve]}]
tasks:
  - {key: contain, title: Contain it, role: owner, estimate: 4h}
  - {key: solve, title: Solve it, role: owner, after: [contain], estimate: 8h}
"""


def directory(office: Office, source: str, logins: Mapping[str, str]) -> dict[str, Any]:
    """jane leads the network team of ben, mia and li; `logins` maps people to their logins at the source."""
    people = {
        key: {
            "name": key.title(),
            "redmine": {"login": key, "id": office.ids[key]},
            "mail": f"{key}@example.invalid",
            "logins": {source: logins[key]} if key in logins else {},
        }
        for key in ("jane", "ben", "mia", "li")
    }
    team = {"name": "Network", "members": ["ben", "mia", "li"], "lead": "jane", "names": {source: "Incidents"}}
    return {"version": 1, "people": people, "teams": {"network-team": team}}


def next_second() -> None:
    """Waits until the servers' clocks show another second."""
    time.sleep(1.1)


@dataclass
class Stage:
    """One bridge between a desk and an office."""

    folder: Path
    desk: Desk
    office: Office
    writes: Callable[[], int] = lambda: 0
    """How many writing requests both servers have had, where they can tell."""
    pause: Callable[[], None] = next_second
    """Lets a second pass: servers tell whole seconds, and what happens in one that was read is told later."""

    def write(self, *, rule: str = RULE, logins: Mapping[str, str] | None = None, **settings: Any) -> Path:
        """Writes bridge.yaml, the rule and the directory; returns the path of bridge.yaml."""
        logins = self.desk.logins if logins is None else logins
        (self.folder / "rules").mkdir(exist_ok=True)
        (self.folder / "rules" / "network.yaml").write_text(rule, encoding="utf-8")
        people = directory(self.office, self.desk.source, logins)
        (self.folder / "directory.yaml").write_text(yaml.safe_dump(people, allow_unicode=True), encoding="utf-8")
        bridge = {
            "version": 1,
            "instance": "test",
            "store": {"url": f"sqlite:///{self.folder / 'bridge.sqlite3'}"},
            "redmine": self.office.settings(),
            "sources": [self.desk.source_settings()],
            "rules": ["rules/*.yaml"],
            "directory": "directory.yaml",
            "templates": str(CONFIG / "templates"),
            "language": "en",
            **settings,
        }
        path = self.folder / "bridge.yaml"
        path.write_text(yaml.safe_dump(bridge, allow_unicode=True), encoding="utf-8")
        return path

    def write_small(self, **settings: Any) -> Path:
        """As write, with projects of two tasks: a real Redmine needs seconds for the template's many."""
        folder = self.folder / "templates" / "wbs"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
        return self.write(rule=RULE.replace("network-problem", "small"), templates="templates", **settings)

    def app(self, resources: ExitStack) -> App:
        """The bridge as configured, open until `resources` are closed."""
        return resources.enter_context(App(load(self.folder / "bridge.yaml")))

    def once(self) -> Cycle:
        """One `once` in a bridge of its own, as a cron job would run it."""
        with ExitStack() as resources:
            cycle = self.app(resources).once()
        assert not cycle.failures, cycle.failures
        return cycle


@contextmanager
def opened(stage: Stage) -> Any:
    """The bridge of a stage, to look into its store."""
    with ExitStack() as resources:
        yield stage.app(resources)


def sandbox_office(sandbox: Sandbox) -> Office:
    """The sandbox's Redmine as people use it."""
    state = sandbox.redmine.app.state

    def as_user(login: str) -> Caller:
        return Caller(sandbox.redmine.url, {"X-Redmine-API-Key": sandbox.redmine.key(login)})

    return Office(
        url=sandbox.redmine.url,
        bridge_key=sandbox.redmine.key("itsm-sync"),
        version="5.0",
        as_user=as_user,
        ids={user.login: user.id for user in state.users.values()},
        statuses={status.name: status.id for status in state.statuses.values()},
    )


def sandbox_bridge(sandbox: Sandbox, folder: Path) -> Stage:
    """A bridge between the sandbox's two servers."""

    def writes() -> int:
        people = {"admin", "jane", "ben", "mia", "li", "anna", "bob", "chen"}
        return sum(entry.is_write and entry.user not in people for entry in sandbox.requests())

    def pause() -> None:
        sandbox.clock.advance(60)

    return Stage(folder, SandboxDesk(sandbox), sandbox_office(sandbox), writes, pause)


def real_office(redmine: RedmineServer) -> Office:
    """A real Redmine as people use it."""
    return Office(
        url=redmine.url,
        bridge_key=redmine.bridge_key,
        version=redmine.version,
        as_user=redmine.as_user,
        ids={login: person.id for login, person in redmine.people.items()},
        statuses=redmine.statuses,
    )


def real_bridge(redmine: RedmineServer, rt: RtServer, folder: Path) -> Stage:
    """A bridge between a real RT and a real Redmine."""
    return Stage(folder, RtDesk(rt), real_office(redmine))
