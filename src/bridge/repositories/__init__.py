"""The store's repositories as the use cases see them. All belong to one transaction, see bridge.ports.UnitOfWork."""

from bridge.repositories.conflicts import Conflicts, SyncMemory
from bridge.repositories.effects import Effects, OwnWrites, Resolutions
from bridge.repositories.escalations import Escalations
from bridge.repositories.exclusions import Exclusions, KpiLedger
from bridge.repositories.files import Booked, Files
from bridge.repositories.incidents import Groups, Incidents
from bridge.repositories.ledger import Ledger
from bridge.repositories.links import Links
from bridge.repositories.notes import CarriedNotes, Stops
from bridge.repositories.notices import Notices
from bridge.repositories.operations import DaySums, FactColumns, FactSpan
from bridge.repositories.progress import ProjectFigures
from bridge.repositories.promotions import Intakes, Promotions
from bridge.repositories.workload import Workload

__all__ = [
    "Booked",
    "CarriedNotes",
    "Conflicts",
    "DaySums",
    "Effects",
    "Escalations",
    "Exclusions",
    "FactColumns",
    "FactSpan",
    "Files",
    "Groups",
    "Incidents",
    "Intakes",
    "KpiLedger",
    "Ledger",
    "Links",
    "Notices",
    "OwnWrites",
    "ProjectFigures",
    "Promotions",
    "Resolutions",
    "Stops",
    "SyncMemory",
    "Workload",
]
