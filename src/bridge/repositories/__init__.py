"""The store's repositories as the use cases see them. All belong to one transaction, see bridge.ports.UnitOfWork."""

from bridge.repositories.effects import Effects, OwnWrites, Resolutions
from bridge.repositories.incidents import Groups, Incidents
from bridge.repositories.ledger import Exclusions, Ledger
from bridge.repositories.links import Links
from bridge.repositories.promotions import Intakes, Promotions

__all__ = [
    "Effects",
    "Exclusions",
    "Groups",
    "Incidents",
    "Intakes",
    "Ledger",
    "Links",
    "OwnWrites",
    "Promotions",
    "Resolutions",
]
