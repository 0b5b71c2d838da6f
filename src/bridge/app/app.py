"""The only place that wires things together: a configuration in, a working bridge out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog
from alembic.util import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from bridge.clock import RemoteClock, SystemClock
from bridge.configuration import Configuration, load_with_warnings
from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, Problem, RemoteUnavailable
from bridge.ports import Clock, Handler, IncidentSource, Store
from bridge.queue.contract import Boundary, Summary, no_boundary
from bridge.queue.embedded import EmbeddedEngine
from bridge.queue.limits import Limit
from bridge.redmine.gateway import RedmineTracker
from bridge.sources import registry
from bridge.store.database import Database
from bridge.store.rehearsal import Rehearsal
from bridge.usecases import backfill, ingest
from bridge.usecases.command import decide
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.incident import IncidentDelivery
from bridge.usecases.deliver.issue import IssueDelivery
from bridge.usecases.deliver.project import ProjectDelivery
from bridge.usecases.hand_over import HandOver
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.promote import Finding
from bridge.usecases.reconcile import Reconciliation
from bridge.usecases.trouble import blocked, unblocked

log = structlog.get_logger()

ONCE_SECONDS = 600.0
MOST_ROUNDS = 10
NOTHING_DELIVERED = Summary()


@dataclass(slots=True)
class Cycle:
    """What one round of polling, deciding and delivering brought. `failures` maps a system to what went wrong."""

    incidents: int = 0
    parked: int = 0
    issues: int = 0
    findings: list[Finding] = field(default_factory=list)
    delivered: Summary = NOTHING_DELIVERED
    failures: dict[str, BridgeError] = field(default_factory=dict)

    def add(self, later: Cycle) -> None:
        """Takes in what a later round brought."""
        self.incidents += later.incidents
        self.parked += later.parked
        self.issues += later.issues
        self.findings += later.findings
        before, now = self.delivered, later.delivered
        self.delivered = Summary(before.done + now.done, before.retry + now.retry, before.dead + now.dead, now.waiting)
        self.failures |= later.failures

    def summary(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "incidents": self.incidents,
            "parked": self.parked,
            "issues": self.issues,
            "findings": [
                {"rule": f.rule.id, "group": f.label, "decision": str(f.decision.kind)} for f in self.findings
            ],
            "delivered": {
                "done": self.delivered.done,
                "retry": self.delivered.retry,
                "dead": self.delivered.dead,
                "waiting": self.delivered.waiting,
            },
            "failures": {system: str(error) for system, error in self.failures.items()},
        }


class App:
    """A bridge with its store open. Use as a context manager."""

    def __init__(self, configuration: Configuration, *, boundary: Boundary = no_boundary) -> None:
        self.configuration = configuration
        self._boundary = boundary
        self._resources = ExitStack()
        self._files = configuration.files()
        self._engine: EmbeddedEngine | None = None
        settings = configuration.settings
        self.clock: Clock = SystemClock() if settings.clock == "system" else RemoteClock(settings.clock)
        with _openable(settings.store.url):
            self.database = Database.open(settings.store.url, self.clock)
        self.tracker = RedmineTracker(settings.redmine.gateway(), self.clock)
        self.sources: dict[str, IncidentSource] = {
            s.name: registry.build(s.name, s.kind, s.options, self.clock) for s in configuration.loaded.sources
        }
        # The daemon's poll and a `once` of the command line must not take in the same changes at the same time.
        self._polling = {name: threading.Lock() for name in (*self.sources, TRACKER_ENDPOINT)}
        self.configured: Configured

    def __enter__(self) -> Self:
        self._resources.callback(self.database.close)
        self._resources.callback(self.tracker.close)
        with _openable(self.configuration.settings.store.url):
            self.database.upgrade()
            with self.database.transaction() as uow:
                self._instance = uow.ledger.instance()
        self.configured = self.configuration.configured(self._instance)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def reload_changed(self) -> None:
        """Takes over changed rules, people, templates and texts; a broken file is told and the last good set stays.

        Connections stay as they were: other settings need a restart.
        """
        files = self.configuration.files()
        if files == self._files:
            return
        self._files = files
        configuration, problems = load_with_warnings(self.configuration.path)
        for problem in problems:
            log.warning("configuration", problem=str(problem))
        if configuration is None:
            log.error("the changed configuration is broken: the last good one stays in force")
            return
        if configuration.loaded != self.configuration.loaded:
            log.warning("settings changed: restart the bridge for them; rules, people and texts are in force now")
        self.configuration = replace(configuration, loaded=self.configuration.loaded)
        self.configured = self.configuration.configured(self._instance)
        self.activate(Cycle())
        log.info("the changed configuration is in force", rules=len(configuration.rules.rules))

    def check(self) -> list[Problem]:
        """Problems of every connection, found without writing anything."""
        people = self.configuration.directory.people.values()
        told = self.tracker.check()
        if not any(p.severity == "error" and p.where in {"redmine.url", "redmine.api_key"} for p in told):
            told += self.tracker.check_people(people)
        return [*told, *(problem for source in self.sources.values() for problem in source.check())]

    def poll(self, store: Store | None = None) -> Cycle:
        """Activates new rules, polls both sides and decides. A side that fails does not keep the others waiting."""
        cycle = Cycle()
        self.activate(cycle, store)
        # Redmine first: what was opened after a delivery must not join the delivered project.
        self.poll_tracker(cycle, store)
        for source in self.sources.values():
            self.poll_source(source, cycle, store)
        self.tick(cycle, store)
        return cycle

    def activate(self, cycle: Cycle, store: Store | None = None) -> None:
        """Makes new and changed rules active; what they find in the past becomes candidates."""
        found = backfill.activate_rules(store or self.database, self.configured, self.clock.now())
        if found:
            log.info("new rules found candidates in the past", candidates=len(found), see="promotions list")
        cycle.findings += found

    def poll_source(self, source: IncidentSource, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed at one source."""
        with self._polling[source.name], _reported(source.name, cycle):
            start = next(s.start_from for s in self.configuration.loaded.sources if s.name == source.name)
            taken = ingest.poll(source, store or self.database, self.clock, self.configured, start)
            cycle.incidents += taken.incidents
            cycle.parked += taken.parked
            cycle.findings += taken.findings

    def tick(self, cycle: Cycle, store: Store | None = None) -> None:
        """Decides about groups whose time has come."""
        cycle.findings += ingest.tick(store or self.database, self.clock, self.configured)

    def poll_tracker(self, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed in Redmine."""
        with self._polling[TRACKER_ENDPOINT], _reported("redmine", cycle):
            cycle.issues += HandOver(store or self.database, self.tracker, self.configured, self.clock).poll()

    def once(self) -> Cycle:
        """Polls both sides, decides and delivers, until a round finds nothing left to do."""
        whole = Cycle()
        for _ in range(MOST_ROUNDS):
            cycle = self.poll()
            cycle.delivered = self.engine().run_until_idle(ONCE_SECONDS)
            whole.add(cycle)
            if not cycle.delivered.done:
                break
        return whole

    def rehearse(self) -> tuple[list[Effect], Cycle]:
        """Polls and decides without storing anything, and returns what would be written; no writer is even built."""
        with Rehearsal.of(self.database) as rehearsal:
            cycle = self.poll(rehearsal)
            return rehearsal.stored_effects(), cycle

    def backfill(
        self,
        since: datetime,
        until: datetime | None,
        names: list[str] | None,
        told: Callable[[str, backfill.Progress], None],
        *,
        store: bool,
    ) -> tuple[dict[str, dict[str, int]], list[Finding]]:
        """Builds history from some sources (None: all); returns counts by source and what the rules would propose."""
        self.activate(Cycle())
        counts = {}
        for name, source in self.sources.items():
            if names and name not in names:
                continue
            tell = partial(told, name)
            done = backfill.backfill(source, self.database, self.clock, self.configured, since, until, tell)
            counts[name] = {"incidents": done.incidents, "changed": done.changed, "parked": done.parked}
        now = self.clock.now()
        if store:
            with self.database.transaction() as uow:
                return counts, backfill.propose(uow, self.configured, now)
        with self.database.reading() as uow:
            return counts, backfill.proposals(uow, self.configured, now)

    def perform(self, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carries out a changing command; the caller holds the store's lock. Raises BridgeError."""
        if name == "once":
            return self.once().summary()
        if name == "retry":
            return {"requeued": self.engine().requeue(args["effect"])}
        with self.database.transaction() as uow:
            return decide(uow, self.configured, name, args, self.clock.now())

    def engine(self) -> EmbeddedEngine:
        """The queue's engine with every handler; the same one each time."""
        if self._engine is None:
            settings = self.configuration.settings
            rate = settings.redmine.requests_per_second
            self._engine = EmbeddedEngine(
                self.database,
                self.handlers(),
                self.clock,
                workers=settings.workers,
                limits={TRACKER_ENDPOINT: Limit(rate, max(1, int(rate)))} if rate else {},
                on_dead=blocked,
                on_requeue=unblocked,
                boundary=self._boundary,
            )
            self._resources.callback(self._engine.close)
        return self._engine

    def handlers(self) -> dict[str, Handler]:
        """Who delivers which kind of effect."""
        store, tracker, clock = self.database, self.tracker, self.clock

        def configured() -> Configured:
            return self.configured

        return {
            **ProjectDelivery(store, tracker, configured, clock).handlers(),
            **IssueDelivery(store, tracker, configured, clock).handlers(),
            **IncidentDelivery(store, self.sources, configured, clock).handlers(),
            **Reconciliation(store, self.sources, tracker, configured, clock).handlers(),
        }


@contextmanager
def _openable(url: str) -> Iterator[None]:
    """Says in one line why a store cannot be opened. Raises RemoteUnavailable."""
    try:
        yield
    except (OSError, SQLAlchemyError, CommandError) as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        advice = "Is store.url right, the database up, and this the version of the bridge that wrote it?"
        where = f"store {make_url(url).render_as_string(hide_password=True)}"
        raise RemoteUnavailable(where, f"cannot be opened: {cause}.", advice) from error


@contextmanager
def _reported(system: str, cycle: Cycle) -> Iterator[None]:
    """Keeps a system's failure from the others; it is told, and its cursor stays where it was."""
    try:
        yield
    except BridgeError as error:
        cycle.failures[system] = error
        log.warning(
            "could not be polled; nothing is lost, the next poll goes on there", system=system, error=str(error)
        )
