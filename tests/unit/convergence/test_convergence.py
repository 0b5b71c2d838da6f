"""Whatever happens on the way, both sides end equal: crashes, lost answers, hooks that lie, clocks that differ."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.system.crowd import Place, crowd
from tests.system.stage import CONFIG, RULE
from tests.unit.convergence.line import ANSWER, REQUEST, Line
from tests.unit.convergence.memory_desk import MemoryDesk
from tests.unit.convergence.memory_office import MemoryOffice

from bridge.app.handlers import handlers
from bridge.configuration import Configuration, load
from bridge.model.errors import RemoteUnavailable
from bridge.model.hint import Hint
from bridge.model.incident import Incident, State
from bridge.model.project import IssueChange
from bridge.queue import rows
from bridge.queue.contract import RetryPolicy
from bridge.queue.embedded import EmbeddedEngine
from bridge.store.database import Database
from bridge.sync.mapping import canonical
from bridge.usecases import ingest
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM
from bridge.usecases.hand_over import HandOver
from bridge.usecases.hints import Hints

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ISSUES = (2, 3)
PEOPLE = {"ben": 12, "mia": 13}
LOGINS = {"ben": "anna", "mia": "bob"}
STATES = [State.NEW, State.IN_PROGRESS, State.ON_HOLD]
NAMES = ["New", "In Progress", "Feedback"]
SKEW = st.integers(-300, 300).map(lambda seconds: timedelta(seconds=seconds))
INCIDENT = st.sampled_from(["1", "2"])


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@cache
def prepared() -> tuple[Configuration, Path]:
    """A configuration that contacts nobody, and an empty store with its tables; copied for each example."""
    folder = Path(tempfile.mkdtemp(prefix="convergence-"))
    (folder / "rules").mkdir()
    (folder / "rules" / "network.yaml").write_text(RULE, encoding="utf-8")
    people = {
        key: {"name": key, "redmine": {"login": key, "id": number}, "logins": {"desk": LOGINS[key]}}
        for key, number in PEOPLE.items()
    }
    people["jane"] = {"name": "jane", "redmine": {"login": "jane", "id": 11}}
    team = {"name": "Network", "members": [*PEOPLE], "lead": "jane", "names": {"desk": "Incidents"}}
    _write(folder / "directory.yaml", {"version": 1, "people": people, "teams": {"network-team": team}})
    source = yaml.safe_load((CONFIG / "sources" / "sandbox.yaml").read_text(encoding="utf-8"))
    config = {
        "version": 1,
        "redmine": {"url": "http://redmine.test", "api_key": "k", "parent_project": "operations"},
        "sources": [{**source, "name": "desk"}],
        "public_notes": True,
    }
    _write(folder / "bridge.yaml", config)
    database = Database.open(f"sqlite:///{folder / 'empty.sqlite3'}", HandClock())
    database.upgrade()
    database.close()
    return load(folder / "bridge.yaml"), folder / "empty.sqlite3"


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value), encoding="utf-8")


class Sync(RuleBasedStateMachine):
    """Two incidents with their own issues, people on both sides, and a bridge that has every kind of bad luck."""

    @initialize(desk=SKEW, office=SKEW)
    def begin(self, desk: timedelta, office: timedelta) -> None:
        """Clocks differ by up to five minutes either way."""
        configuration, empty = prepared()
        self.folder = Path(tempfile.mkdtemp(prefix="convergence-"))
        shutil.copy(empty, self.folder / "bridge.sqlite3")
        self.clock = HandClock()
        self.configured: Configured = configuration.configured("1")
        self.database = Database.open(f"sqlite:///{self.folder / 'bridge.sqlite3'}", self.clock)
        self.desk = MemoryDesk(self.clock, desk, Line("desk"))
        self.office = MemoryOffice(self.clock, office, Line("redmine"))
        for number in (1, *ISSUES):
            self.office.put(number)
        for number in ("1", "2"):
            at = self.desk.now() - timedelta(days=1)
            self.desk.incidents[number] = Incident("desk", number, f"Router {number}", State.NEW, at, at)
        with self.database.transaction() as uow:
            for link in crowd(uow, "desk", 2, [Place(1, 1, ISSUES)], self.clock.now()):
                # by the desk's clock, as attaching notes it
                uow.links.save(replace(link, notes_since=self.desk.incidents[link.ref.external_id].updated_at))
        self.hints: list[tuple[str, str, int]] = []
        self.desk.told = lambda entity: self.hints.append(("desk", entity, len(self.hints)))
        self.office.told = lambda entity: self.hints.append((TRACKER_SYSTEM, entity, len(self.hints)))
        self.notes: list[tuple[str, str, bool]] = []
        self.handlers = handlers(
            self.database, {"desk": self.desk}, self.office, {}, lambda: self.configured, self.clock
        )
        self.engine = self._engine()
        self.poll()
        self.clock.advance(3)

    def _engine(self) -> EmbeddedEngine:
        policy = RetryPolicy(max_attempts=1000, cap=timedelta(seconds=60))
        return EmbeddedEngine(
            self.database,
            self.handlers,
            self.clock,
            workers=1,
            policy=policy,
            monotonic=self._seconds,
        )

    def _seconds(self) -> float:
        return (self.clock.now() - NOON).total_seconds()

    def teardown(self) -> None:
        """People go home; the bridge catches up and then wants nothing more."""
        if hasattr(self, "engine"):
            try:
                self._settle()
            finally:
                self.engine.close()
                self.database.close()
                shutil.rmtree(self.folder)

    @rule(incident=INCIDENT, state=st.sampled_from([*STATES, State.RESOLVED]))
    def agent_changes_state(self, incident: str, state: State) -> None:
        self.desk.change(incident, state=state)

    @rule(incident=INCIDENT, login=st.sampled_from([*LOGINS.values(), "", "stranger"]))
    def agent_assigns(self, incident: str, login: str) -> None:
        self.desk.change(incident, person=login)

    @rule(incident=INCIDENT, private=st.booleans())
    def agent_writes(self, incident: str, private: bool) -> None:
        text = f"agent's note {len(self.notes)}."
        self.desk.write(incident, "anna", text, private=private)
        self.notes.append((incident, text, private))

    @rule(incident=INCIDENT, status=st.sampled_from([*NAMES, "Resolved"]))
    def member_sets_status(self, incident: str, status: str) -> None:
        self.office.edit(self._issue(incident), 12, IssueChange(status=status))

    @rule(incident=INCIDENT, user=st.sampled_from([*PEOPLE.values(), 0, 77]))
    def member_assigns(self, incident: str, user: int) -> None:
        self.office.edit(self._issue(incident), 13, IssueChange(assignee_id=user))

    @rule(incident=INCIDENT, private=st.booleans())
    def member_writes(self, incident: str, private: bool) -> None:
        text = f"member's note {len(self.notes)}."
        self.office.edit(self._issue(incident), 12, IssueChange(note=text, note_private=private))
        self.notes.append((incident, text, private))

    @rule(seconds=st.sampled_from([0.2, 1, 5, 70, 700]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def poll(self) -> None:
        """Both sides are asked; a deaf one is left to the next time."""
        self._unless_deaf(lambda: ingest.poll(self.desk, self.database, self.clock, lambda: self.configured))
        self._unless_deaf(lambda: HandOver(self.database, self.office, self.configured, self.clock).poll())

    @rule(which=st.lists(st.integers(0, 30), max_size=4))
    def hooks_arrive(self, which: list[int]) -> None:
        """Some of those that were ever sent, in any order, perhaps again; the others are late or lost."""
        chosen = [self.hints[number % len(self.hints)] for number in which] if self.hints else []
        for system, entity, number in chosen:
            with self.database.transaction() as uow:
                uow.inbox.put([Hint(system, entity, f"{system}:{number}")], self.clock.now())
        for system in ("desk", TRACKER_SYSTEM):
            self._follow(system)

    @rule()
    def deliver(self) -> None:
        self.engine.run_until_idle(5)

    @rule(
        on_desk=st.lists(st.sampled_from(["", REQUEST, ANSWER]), max_size=3),
        on_office=st.lists(st.sampled_from(["", REQUEST, ANSWER]), max_size=3),
        deaf=st.integers(0, 2),
    )
    def lines_break(self, on_desk: list[str], on_office: list[str], deaf: int) -> None:
        self.desk.line.troubles, self.office.line.troubles = on_desk, on_office
        self.desk.line.deaf = self.office.line.deaf = deaf

    @rule(sent=st.booleans())
    def the_bridge_dies(self, sent: bool) -> None:
        """In the middle of a delivery: what was sent is not stored, and the row says that it runs."""
        with self.database.transaction() as uow:
            due = rows.due(uow.connection, self.clock.now(), [], 1)
            claimed = rows.claim(uow.connection, [number for number, _ in due], self.clock.now())
        for effect in claimed if sent else ():
            self._unless_deaf(lambda effect=effect: self.handlers[effect.kind](effect))
        self.engine.close()
        self.engine = self._engine()

    def _follow(self, system: str) -> None:
        with self.database.reading() as uow:
            waiting = uow.inbox.waiting(system, 50)
        follower = Hints(self.database, lambda: self.configured, self.clock)
        if system == "desk":
            follower.incidents(self.desk, waiting)
        else:
            follower.issues(self.office, HandOver(self.database, self.office, self.configured, self.clock), waiting)

    def _unless_deaf(self, act: Callable[[], object]) -> None:
        try:
            act()
        except RemoteUnavailable:
            return

    def _issue(self, incident: str) -> int:
        return ISSUES[int(incident) - 1]

    def _settle(self) -> None:
        for line in (self.desk.line, self.office.line):
            line.troubles, line.deaf = [], 0
        for _ in range(8):
            self.clock.advance(700)
            self.poll()
            self.engine.run_until_idle(20)
        before = self.desk.line.writes, self.office.line.writes
        self.clock.advance(700)
        self.poll()
        assert self.engine.run_until_idle(20).waiting == 0
        assert (self.desk.line.writes, self.office.line.writes) == before
        with self.database.reading() as uow:
            attention = {link.ref.external_id: link.attention for link in uow.links.all()}
        for incident in ("1", "2"):
            self._same(incident, attention[incident])
        for incident, text, private in self.notes:
            self._once(incident, text, private=private)

    def _same(self, incident: str, attention: str) -> None:
        here, there = self.desk.incidents[incident], self.office.held[self._issue(incident)]
        theirs = self.configured.policy.table("desk", there.tracker).statuses.state_of(there.status)
        people = {LOGINS[key]: number for key, number in PEOPLE.items()} | {"": None}
        if not attention:
            assert theirs is canonical(here.state), (here, there)
            assert people.get(here.person, 0) == there.assignee_id, (here, there)

    def _once(self, incident: str, text: str, *, private: bool) -> None:
        here = [one for one in self.desk.written[incident] if text in one.text]
        there = [one for one in self.office.held[self._issue(incident)].journals if text in one.notes]
        assert (len(here), len(there)) == (1, 1), (text, here, there)
        assert not private or (here[0].private and there[0].private), (text, here, there)


@pytest.mark.parametrize(
    ("examples", "steps"), [(10, 25), pytest.param(1200, 60, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])]
)
def test_both_sides_always_converge(examples: int, steps: int) -> None:
    """Equal or told; each note once on either side, private where it was; then no write."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    run_state_machine_as_test(Sync, settings=chosen)
