"""One transaction over all repositories."""

from __future__ import annotations

from sqlalchemy import Connection

from bridge.ports import Clock
from bridge.store.commands import Commands
from bridge.store.conflicts import StoredConflicts, StoredSyncMemory
from bridge.store.effects import StoredEffects
from bridge.store.escalations import StoredEscalations
from bridge.store.exclusions import StoredExclusions
from bridge.store.files import StoredBooked, StoredFiles
from bridge.store.groups import StoredGroups
from bridge.store.inbox import StoredInbox
from bridge.store.incidents import StoredIncidents
from bridge.store.intakes import StoredIntakes
from bridge.store.kpi_ledger import StoredKpiLedger
from bridge.store.ledger import StoredLedger
from bridge.store.links import StoredLinks
from bridge.store.notes import StoredCarriedNotes, StoredStops
from bridge.store.notices import StoredNotices
from bridge.store.operations import StoredFactColumns
from bridge.store.own_writes import StoredOwnWrites
from bridge.store.progress import StoredProjectFigures
from bridge.store.promotions import StoredPromotions
from bridge.store.resolutions import StoredResolutions
from bridge.store.similar import StoredSimilarGroups
from bridge.store.workload import StoredWorkload


class Unit:
    """Implements bridge.ports.UnitOfWork. `connection` is for the queue, which is the store's neighbour."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.savepoint = connection.begin_nested
        self.incidents = StoredIncidents(connection)
        self.groups = StoredGroups(connection)
        self.similar = StoredSimilarGroups(connection)
        self.promotions = StoredPromotions(connection)
        self.intakes = StoredIntakes(connection)
        self.links = StoredLinks(connection)
        self.conflicts = StoredConflicts(connection)
        self.sync_memory = StoredSyncMemory(connection)
        self.effects = StoredEffects(connection, clock)
        self.escalations = StoredEscalations(connection)
        self.workload = StoredWorkload(connection)
        self.notices = StoredNotices(connection)
        self.resolutions = StoredResolutions(connection)
        self.own_writes = StoredOwnWrites(connection, clock)
        self.kpi_ledger = StoredKpiLedger(connection, clock)
        self.exclusions = StoredExclusions(connection, self.kpi_ledger)
        self.fact_columns = StoredFactColumns(connection)
        self.ledger = StoredLedger(connection, clock)
        self.booked = StoredBooked(connection)
        self.carried_notes = StoredCarriedNotes(connection)
        self.files = StoredFiles(connection)
        self.stops = StoredStops(connection)
        self.project_figures = StoredProjectFigures(connection)
        self.inbox = StoredInbox(connection)
        self.commands = Commands(connection, clock)
