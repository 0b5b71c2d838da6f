"""The only place that wires things together: a configuration in, a working bridge out."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog

from bridge.app.commands import Told, nobody_told
from bridge.app.cycle import Cycle, Outages, tell_parked
from bridge.app.handlers import handlers
from bridge.app.hook_service import hook_problems
from bridge.app.opening import Use, open_store, openable, store_problems
from bridge.app.performing import perform
from bridge.app.publishing import reporting_of
from bridge.app.rehearsal import Planned, look_closer, planned
from bridge.app.telling import due_times, limits, tell_people, when_dead
from bridge.clock import RemoteClock, SystemClock
from bridge.configuration import Configuration, load_with_warnings
from bridge.model.errors import Problem
from bridge.model.hint import WaitingHint
from bridge.notify.build import build
from bridge.ports import Clock, IncidentSource, Store
from bridge.queue.contract import Boundary, no_boundary
from bridge.queue.embedded import EmbeddedEngine
from bridge.redmine.gateway import RedmineTracker
from bridge.sources import registry
from bridge.store.database import Database
from bridge.store.rehearsal import Rehearsal
from bridge.usecases import backfill, ingest
from bridge.usecases.candidates.intake import IntakeFollower
from bridge.usecases.configured import Configured
from bridge.usecases.hand_over import HandOver
from bridge.usecases.hints import Followed, Hints
from bridge.usecases.ledger.keep import LedgerKeeper
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.promote import Finding
from bridge.usecases.trouble import unblocked
from bridge.usecases.work_log import WorkLogSweep

log = structlog.get_logger()

ONCE_SECONDS = 600.0
MOST_ROUNDS = 10
CLOCKS_DIFFER = timedelta(minutes=1)
DECISIONS, PEOPLE = "decisions", "people"
"""What `Cycle.failures` calls what is neither of the two sides: the rules and the store, and telling people."""


class App:
    """A bridge with its store open. Use as a context manager."""

    def __init__(
        self, configuration: Configuration, *, use: Use = Use.CHANGE, boundary: Boundary = no_boundary
    ) -> None:
        self.configuration = configuration
        self._use = use
        self._boundary = boundary
        self._resources = ExitStack()
        self._files = configuration.files()
        self._engine: EmbeddedEngine | None = None
        settings = configuration.settings
        self.clock: Clock = SystemClock() if settings.clock == "system" else RemoteClock(settings.clock)
        with openable(settings.store.url):
            self.database = Database.open(settings.store.url, self.clock)
        self.tracker = RedmineTracker(settings.redmine.gateway(settings.candidates, settings.sync.trackers), self.clock)
        self.sources: dict[str, IncidentSource] = {
            s.name: registry.build(s.name, s.kind, s.options, self.clock) for s in configuration.loaded.sources
        }
        self.notifiers = build(settings.notify.channels)
        # The daemon's poll and a `once` of the command line must not take in the same changes at the same time.
        self._polling = {name: threading.Lock() for name in (*self.sources, TRACKER_ENDPOINT)}
        self._outages = Outages(self.clock)
        self._work_log = WorkLogSweep(self.tracker, self.sources, self._present)
        self.configured: Configured

    def __enter__(self) -> Self:
        self._resources.callback(self.database.close)
        self._resources.callback(self.tracker.close)
        self._instance = open_store(self.database, self.configuration.settings.store.url, self._use)
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
        configuration, problems = load_with_warnings(self.configuration.path)
        for problem in problems:
            log.warning("configuration", problem=str(problem))
        if configuration is None:
            self._files = files
            log.error("the changed configuration is broken: the last good one stays in force")
            return
        if configuration.loaded != self.configuration.loaded:
            log.warning("settings changed: restart the bridge for them; rules, people and texts are in force now")
        self._take_over(replace(configuration, loaded=self.configuration.loaded))
        self._files = files  # only now: what could not be taken over is tried again
        log.info("the changed configuration is in force", rules=len(configuration.rules.rules))

    def _take_over(self, configuration: Configuration) -> None:
        """Swaps and activates in one transaction: a poll under way uses the old rules before it, the new ones after."""
        before, configured = (self.configuration, self.configured), configuration.configured(self._instance)

        def swap() -> None:
            self.configuration, self.configured = configuration, configured

        try:
            found = backfill.activate_rules(self.database, configured, self.clock.now(), swap)
        except BaseException:
            self.configuration, self.configured = before
            raise
        _tell_found(found)

    def _present(self) -> Configured:
        """The configuration in force, to be read inside the transaction that goes by it."""
        return self.configured

    def check(self) -> list[Problem]:
        """Problems of every connection, found without writing anything."""
        people = self.configuration.directory.people.values()
        told = [*store_problems(self.database, self.configuration.settings.store.url), *self.tracker.check()]
        if not any(p.severity == "error" and p.where in {"redmine.url", "redmine.api_key"} for p in told):
            told += self.tracker.check_people(people)
            told += self.tracker.check_rules(self.configuration.rules.asked())
        if self.configuration.settings.hooks is not None:
            told += hook_problems(self.configuration.settings.hooks, self.database)
        return [*told, *(problem for source in self.sources.values() for problem in source.check())]

    def poll(self, store: Store | None = None) -> Cycle:
        """Activates new rules, polls both sides and decides. A side that fails does not keep the others waiting."""
        cycle = Cycle()
        with self._outages.contained(DECISIONS, cycle):
            self.activate(cycle, store)
        # Redmine first: what was opened after a delivery must not join the delivered project.
        self.poll_tracker(cycle, store)
        for source in self.sources.values():
            self.poll_source(source, cycle, store)
        with self._outages.contained(DECISIONS, cycle):
            self.tick(cycle, store)
        self.tell(cycle, store)
        return cycle

    def activate(self, cycle: Cycle, store: Store | None = None) -> None:
        """Makes new and changed rules active; what they find in the past becomes candidates."""
        found = backfill.activate_rules(store or self.database, self.configured, self.clock.now())
        _tell_found(found)
        cycle.findings += found

    def poll_source(self, source: IncidentSource, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed at one source."""
        with self._polling[source.name], self._outages.contained(source.name, cycle):
            start = next(s.start_from for s in self.configuration.loaded.sources if s.name == source.name)
            taken = ingest.poll(source, store or self.database, self.clock, self._present, start)
            cycle.incidents += taken.incidents
            cycle.parked += taken.parked
            tell_parked(source.name, taken.reasons)
            cycle.findings += taken.findings
            cycle.nominated += taken.nominated
            cycle.told += taken.told

    def follow(self, system: str, hints: Sequence[WaitingHint]) -> Followed:
        """Takes in what hooks of one system point at."""
        follower = Hints(self.database, self._present, self.clock)
        with self._polling[system]:
            if system == TRACKER_ENDPOINT:
                hand_over = HandOver(self.database, self.tracker, self.configured, self.clock)
                return follower.issues(self.tracker, hand_over, hints)
            return follower.incidents(self.sources[system], hints)

    def tick(self, cycle: Cycle, store: Store | None = None) -> None:
        """Decides about groups whose time has come."""
        cycle.findings += ingest.tick(store or self.database, self.clock, self._present)
        LedgerKeeper(store or self.database, self.tracker, self._present, self.clock).turn()

    def tell(self, cycle: Cycle, store: Store | None = None) -> None:
        """Escalates clocks that ran out, and reminds people of their projects."""
        with self._outages.contained(PEOPLE, cycle):
            tell_people(
                store or self.database, self.tracker, self.configured, due_times(self.configuration), self.clock
            )

    def poll_tracker(self, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed in Redmine."""
        with self._polling[TRACKER_ENDPOINT], self._outages.contained(TRACKER_ENDPOINT, cycle):
            ours = HandOver(store or self.database, self.tracker, self.configured, self.clock).poll()
            cycle.issues += len(ours)
            cycle.told += [(str(issue.id), issue.updated_at) for issue in ours]
            cycle.issues += IntakeFollower(store or self.database, self.tracker, self._present, self.clock).poll()
            self._work_log.poll(store or self.database, self.clock)

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

    def rehearse(self) -> tuple[list[Planned], Cycle]:
        """Polls and decides without storing anything, and returns what would be written; no writer is even built."""
        with Rehearsal.of(self.database) as rehearsal, rehearsal.transaction() as uow:
            self.configured = self.configuration.configured(uow.ledger.instance())
            cycle = self.poll(rehearsal)
            return planned(uow, look_closer(self, rehearsal, cycle)), cycle

    def backfill(
        self,
        since: datetime,
        until: datetime | None,
        names: Collection[str],
        told: Told = nobody_told,
        *,
        store: bool,
        beside_polls: bool = False,
    ) -> tuple[dict[str, dict[str, int]], list[Finding]]:
        """Builds history from some sources (none named: all); returns counts by source, and what the rules propose.

        Where polls go on beside it, each source is polled first, and what changes from then on is left to them.
        """
        self.activate(Cycle())
        counts = {}
        for name, source in self.sources.items():
            if names and name not in names:
                continue
            tell = partial(_tell_progress, told, name)
            polled = self._just_polled(source) if beside_polls else None
            done = backfill.backfill(source, self.database, self.clock, self._present, since, until, tell, polled)
            tell_parked(name, done.reasons)
            counts[name] = done.counts
        now = self.clock.now()
        if store:
            with self.database.transaction() as uow:
                return counts, backfill.propose(uow, self.configured, now)
        with self.database.reading() as uow:
            return counts, backfill.proposals(uow, self.configured, now)

    def _just_polled(self, source: IncidentSource) -> datetime:
        """Polls a source; the moment before which it has told everything, by a clock that may differ from ours."""
        cycle, began = Cycle(), self.clock.now()
        self.poll_source(source, cycle)
        for error in cycle.failures.values():
            raise error
        return began - CLOCKS_DIFFER

    def perform(self, name: str, args: Mapping[str, Any], told: Told = nobody_told) -> Mapping[str, Any]:
        """Carries out a changing command; the caller holds the store's lock. Raises BridgeError.

        `told` learns how far a long one is.
        """
        return perform(self, name, args, told)

    def engine(self) -> EmbeddedEngine:
        """The queue's engine with every handler; the same one each time."""
        if self._engine is None:
            settings = self.configuration.settings
            self._engine = EmbeddedEngine(
                self.database,
                {
                    **handlers(self.database, self.sources, self.tracker, self.notifiers, self._present, self.clock),
                    **reporting_of(self).handlers(),
                },
                self.clock,
                workers=settings.workers,
                limits=limits(settings),
                on_dead=when_dead(self._present, self.clock),
                on_requeue=unblocked,
                boundary=self._boundary,
            )
            self._resources.callback(self._engine.close)
        return self._engine


def _tell_progress(told: Told, name: str, done: backfill.Progress) -> None:
    told({"source": name, "incidents": done.incidents, "parked": done.parked, "total": done.total})


def _tell_found(found: list[Finding]) -> None:
    if found:
        log.info("new rules found candidates in the past", candidates=len(found), see="promotions list")
