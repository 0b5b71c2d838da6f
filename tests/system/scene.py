"""One moment on the sandbox that can be played again and again: something is disturbed, and the end is compared."""

from __future__ import annotations

import copy
import difflib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml
from sqlalchemy import select

from bridge.app import App, Cycle
from bridge.configuration import load
from bridge.model.promotion import Promotion
from bridge.queue.contract import DeadLetter
from bridge.sandbox import Sandbox
from bridge.sandbox.requestlog import Entry
from bridge.store.tables import effect
from tests.system.desks import SandboxDesk
from tests.system.stage import Stage, sandbox_bridge
from tests.system.test_story import recurrence

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")
PATIENCE = 0.6
"""How long the bridge of these tests waits for an answer, seconds."""


class ImpatientDesk(SandboxDesk):
    """The sandbox's incident system, given up soon when it does not answer."""

    def source_settings(self) -> dict[str, Any]:
        return {**super().source_settings(), "read_timeout": PATIENCE, "total_timeout": 3.0}


@dataclass
class Scene:
    """The moment before the bridge finds the recurrence; `undisturbed` is what a run without any fault leaves."""

    sandbox: Sandbox
    stage: Stage
    resolved: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    undisturbed: dict[str, Any] = field(default_factory=dict)
    attention: str = ""
    """What the undisturbed promotion asks people to look at: here, roles of the template that nobody fills."""
    requests: int = 0
    """How many requests the undisturbed run took."""
    _saved: tuple[Any, Any, datetime] | None = None

    @classmethod
    def set_up(cls, sandbox: Sandbox, folder: Path, *, patience: float = PATIENCE, **settings: Any) -> Self:
        """Five tickets have arrived, and the bridge is about to look. `patience` is how long it waits for Redmine."""
        stage = sandbox_bridge(sandbox, folder)
        stage.desk = ImpatientDesk(sandbox)
        redmine = {**stage.office.settings(), "read_timeout": patience, "total_timeout": 5 * patience}
        stage.write(clock=f"{sandbox.redmine.url}/_control/clock", redmine=redmine, **settings)
        stage.once()
        sandbox.clock.advance(3600)
        scene = cls(sandbox, stage)
        scene.resolved, scene.waiting = recurrence(stage)
        scene.save()
        scene.rounds()
        scene.undisturbed = scene.end()
        scene.requests = len(sandbox.requests())
        scene.attention = scene.promotion().attention
        return scene

    def save(self) -> None:
        """Keeps this moment for `rewind`."""
        saved = self.stage.folder / "saved.sqlite3"
        saved.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self.stage.folder / "bridge.sqlite3")) as store,
            closing(sqlite3.connect(saved)) as copied,
        ):
            store.backup(copied)
        state = (self.sandbox.redmine.app.state, self.sandbox.itsm.app.state)
        self._saved = (*copy.deepcopy(state), self.sandbox.clock.now())

    def rewind(self) -> None:
        """Both servers, the store, the configuration's clock and the request log as they were; no fault is set."""
        assert self._saved is not None
        redmine, itsm, now = self._saved
        self.sandbox.faults.clear()
        self.sandbox.redmine.app.state = copy.deepcopy(redmine)
        self.sandbox.itsm.app.state = copy.deepcopy(itsm)
        self.sandbox.clock.set(now)
        for path in self.stage.folder.glob("bridge.sqlite3*"):
            path.unlink()
        shutil.copy(self.stage.folder / "saved.sqlite3", self.stage.folder / "bridge.sqlite3")
        self.sandbox.log.clear()

    def once(self) -> Cycle:
        """One `once`, whatever it meets."""
        with ExitStack() as resources:
            return resources.enter_context(App(load(self.config))).once()

    def rounds(self, most: int = 12, step: float = 900.0) -> list[Cycle]:
        """`once` after `once`, `step` seconds apart, until nothing is left to do; fails when that takes too many."""
        cycles: list[Cycle] = []
        while len(cycles) < most:
            cycles.append(self.once())
            if not cycles[-1].failures and not cycles[-1].delivered.waiting:
                return cycles
            self.sandbox.clock.advance(step)
        raise AssertionError(f"after {most} rounds: {cycles[-1].summary()}, {self.waiting_errors()}")

    def end(self) -> dict[str, Any]:
        """The state of both servers, without what a delay may change.

        That are moments, the order of an issue's journals, and how many versions a wiki page had before its last.
        """
        found: dict[str, Any] = json.loads(_MOMENT.sub("<moment>", json.dumps(self.sandbox.dump())))
        for project in found["redmine"]["projects"]:
            for page in project["wiki"].values():
                del page["versions"][:-1]
            for issue in project["issues"]:
                issue["journals"].sort(key=json.dumps)
        return found

    def assert_undisturbed(self, *, mails: bool = True) -> None:
        """Both servers are as an undisturbed run leaves them; else the differing lines are shown."""
        ends = copy.deepcopy(self.undisturbed), self.end()
        for end in ends:
            end["redmine"]["mails"] = end["redmine"]["mails"] if mails else []
        then, now = (json.dumps(end, indent=1, ensure_ascii=False) for end in ends)
        differing = list(difflib.unified_diff(then.splitlines(), now.splitlines(), "undisturbed", "now", n=2))
        assert not differing, "\n".join(differing)

    def retry(self) -> int:
        """`queue retry`."""
        with ExitStack() as resources:
            app = resources.enter_context(App(load(self.config)))
            return int(app.perform("retry", {"effect": None})["requeued"])

    @contextmanager
    def store(self) -> Iterator[sqlite3.Connection]:
        """The store itself, to be read."""
        with closing(sqlite3.connect(f"file:{self.stage.folder}/bridge.sqlite3?mode=ro", uri=True)) as store:
            yield store

    def promotion(self) -> Promotion:
        """The one promotion there is."""
        (found,) = self.promotions()
        return found

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.stage.folder / "bridge.yaml"

    def change(self, **settings: Any) -> Path:
        """Changes settings; a dictionary is merged into the one that is there. Returns the settings file."""
        found = yaml.safe_load(self.config.read_text())
        for name, value in settings.items():
            found[name] = {**found[name], **value} if isinstance(value, dict) else value
        self.config.write_text(yaml.safe_dump(found))
        return self.config

    def promotions(self) -> list[Promotion]:
        """All promotions, oldest first."""
        with App(load(self.config)) as app, app.database.reading() as uow:
            return list(uow.promotions.in_states())

    def dead(self) -> list[DeadLetter]:
        """The dead letters."""
        with App(load(self.config)) as app:
            return app.engine().dead()

    def waiting_errors(self) -> list[str]:
        """What stands beside the effects that are to be tried again."""
        query = select(effect.c.error).where(effect.c.state == "ready", effect.c.error != "")
        with App(load(self.config)) as app, app.database.reading() as uow:
            return list(uow.connection.execute(query).scalars())

    def links(self) -> list[Any]:
        """All links."""
        with App(load(self.config)) as app, app.database.reading() as uow:
            return list(uow.links.all(None))

    def written(self, app: str = "", user: str = "") -> list[Entry]:
        """Writing requests of the bridge's own accounts since the last rewind, dropped ones too."""
        ours = {"itsm-sync", "bridge", ""} if not user else {user}
        return [entry for entry in self.sandbox.requests(app) if entry.is_write and entry.user in ours]
