"""Durable state, and who delivers what it holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from bridge.model.effect import Effect
from bridge.model.inbox import Inbox
from bridge.repositories import (
    Booked,
    CarriedNotes,
    Conflicts,
    Effects,
    Escalations,
    Exclusions,
    FactColumns,
    Files,
    Groups,
    Incidents,
    Intakes,
    KpiLedger,
    Ledger,
    Links,
    Notices,
    OwnWrites,
    ProjectFigures,
    Promotions,
    Resolutions,
    Stops,
    SyncMemory,
    Workload,
)
from bridge.rules.similar import SimilarGroups


class UnitOfWork(Protocol):
    """One transaction over all repositories: committed together or not at all."""

    @property
    def incidents(self) -> Incidents: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def similar(self) -> SimilarGroups: ...
    @property
    def promotions(self) -> Promotions: ...
    @property
    def intakes(self) -> Intakes: ...
    @property
    def links(self) -> Links: ...
    @property
    def conflicts(self) -> Conflicts: ...
    @property
    def sync_memory(self) -> SyncMemory: ...
    @property
    def effects(self) -> Effects: ...
    @property
    def escalations(self) -> Escalations: ...
    @property
    def workload(self) -> Workload: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def resolutions(self) -> Resolutions: ...
    @property
    def own_writes(self) -> OwnWrites: ...
    @property
    def exclusions(self) -> Exclusions: ...
    @property
    def fact_columns(self) -> FactColumns: ...
    @property
    def kpi_ledger(self) -> KpiLedger: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def booked(self) -> Booked: ...
    @property
    def files(self) -> Files: ...
    @property
    def carried_notes(self) -> CarriedNotes: ...
    @property
    def stops(self) -> Stops: ...
    @property
    def project_figures(self) -> ProjectFigures: ...
    @property
    def inbox(self) -> Inbox: ...
    def savepoint(self) -> AbstractContextManager[object]:
        """A part of the transaction that is undone by itself when it raises."""


class Store(Protocol):
    """Durable state."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """A writing transaction: committed on leaving, rolled back on an exception. One at a time."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent view that writes nothing."""


class Handler(Protocol):
    """Delivers one kind of effect: looks, sends, reads back; called outside any transaction.

    Returns what is to be stored together with “done”, as a function that runs inside the engine's transaction.
    Raises BridgeError: tried again later with back-off unless it is permanent, then the effect is dead.
    """

    def __call__(self, effect: Effect) -> Callable[[UnitOfWork], None]:
        """Delivers the effect."""
