"""The only place that wires things together: settings in, a working bridge out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import structlog

from bridge.clock import RemoteClock, SystemClock
from bridge.configuration import Configuration
from bridge.model.errors import BridgeError, Problem
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store
from bridge.queue.contract import Boundary, Summary, no_boundary
from bridge.queue.embedded import Engine
from bridge.redmine.gateway import RedmineTracker
from bridge.sources import registry
from bridge.store.database import Database
from bridge.usecases import ingest
from bridge.usecases.backfill import activate_rules
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.incident import IncidentDelivery
from bridge.usecases.deliver.issue import IssueDelivery
from bridge.usecases.deliver.project import ProjectDelivery
from bridge.usecases.hand_over import HandOver
from bridge.usecases.promote import Finding
from bridge.usecases.reconcile import Reconciliation
from bridge.usecases.trouble import blocked, unblocked

log = structlog.get_logger()


@dataclass(slots=True)
class Cycle:
    """What one round of polling, deciding and delivering brought. `failures` maps a system to what went wrong."""

    incidents: int = 0
    parked: int = 0
    issues: int = 0
    findings: list[Finding] = field(default_factory=list)
    delivered: Summary | None = None
    failures: dict[str, BridgeError] = field(default_factory=dict)


class App:
    """A bridge with its store open. Use as a context manager."""

    def __init__(self, configuration: Configuration, *, boundary: Boundary = no_boundary) -> None:
        self._resources = ExitStack()
        self._boundary = boundary
        self.configuration = configuration
        settings = configuration.settings
        self.clock: Clock = SystemClock() if settings.clock == "system" else RemoteClock(settings.clock)
        self.database = Database.open(settings.store.url, self.clock)
        self._resources.callback(self.database.close)
        self.configured: Configured
        self.sources: dict[str, IncidentSource] = {}
        self.tracker: ProjectTracker

    def __enter__(self) -> Self:
        self.database.upgrade()
        with self.database.transaction() as uow:
            instance = uow.ledger.instance()
        self.configured = self.configuration.configured(instance)
        settings = self.configuration.settings
        self.sources = {s.name: registry.build(s.name, s.kind, s.options, self.clock) for s in settings.sources}
        self.tracker = RedmineTracker(settings.redmine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def reload(self, configuration: Configuration) -> None:
        """Takes over changed rules, people, templates and texts; connections stay as they were."""
        with self.database.reading() as uow:
            instance = uow.ledger.instance()
        self.configuration = configuration
        self.configured = configuration.configured(instance)

    def check(self) -> list[Problem]:
        """Problems of every connection, found without writing anything."""
        problems = list(self.tracker.check())
        for source in self.sources.values():
            problems += source.check()
        return problems

    def poll(self, store: Store | None = None) -> Cycle:
        """Activates new rules, polls both sides and decides. A side that fails does not keep the others waiting."""
        store = store or self.database
        cycle = Cycle()
        cycle.findings += activate_rules(store, self.configured, self.clock.now())
        for source in self.sources.values():
            self.poll_source(source, cycle, store)
        self.poll_tracker(cycle, store)
        cycle.findings += ingest.tick(store, self.clock, self.configured)
        return cycle

    def poll_source(self, source: IncidentSource, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed at one source."""
        try:
            taken = ingest.poll(source, store or self.database, self.clock, self.configured)
        except BridgeError as error:
            cycle.failures[source.name] = error
            log.warning("poll failed, nothing is lost", source=source.name, error=str(error))
            return
        cycle.incidents += taken.incidents
        cycle.parked += taken.parked
        cycle.findings += taken.findings

    def poll_tracker(self, cycle: Cycle, store: Store | None = None) -> None:
        """Takes in what changed in Redmine."""
        hand_over = HandOver(
            store or self.database, self.tracker, self.configured.texts, self.configured.policy, self.clock
        )
        try:
            cycle.issues += hand_over.poll()
        except BridgeError as error:
            cycle.failures["redmine"] = error
            log.warning("poll failed, nothing is lost", tracker="redmine", error=str(error))

    def once(self, within: timedelta = timedelta(minutes=10)) -> Cycle:
        """One full round: polls both sides, decides, and delivers until nothing is due any more."""
        cycle = self.poll()
        cycle.delivered = self.engine().run_until_idle(self.clock.now() + within)
        return cycle

    def engine(self) -> Engine:
        """The queue's engine with every handler."""
        settings = self.configuration.settings
        return Engine(
            self.database,
            self.handlers(),
            self.clock,
            workers=settings.workers,
            limits=self.configuration.limits(),
            on_dead=blocked,
            on_requeue=unblocked,
            rng=random.SystemRandom(),
            boundary=self._boundary,
        )

    def handlers(self) -> Mapping[str, Any]:
        """Who delivers which kind of effect."""
        store, tracker, clock = self.database, self.tracker, self.clock
        texts, policy = self.configured.texts, self.configured.policy

        def directory() -> Any:
            return self.configured.directory

        return {
            **ProjectDelivery(store, tracker, directory, texts, policy, clock).handlers(),
            **IssueDelivery(store, tracker, directory, policy).handlers(),
            **IncidentDelivery(store, self.sources, directory, texts, policy, clock).handlers(),
            **Reconciliation(store, self.sources, tracker, directory, texts, policy, clock).handlers(),
        }

