"""What the ledger needs from time to time: leases looked after, its head published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.ports import Clock, ProjectTracker, Store
from bridge.usecases.configured import Configured
from bridge.usecases.ledger.leases import Leases
from bridge.usecases.ledger.publish import publish_daily

EVERY = timedelta(hours=1)
SYSTEM, FEED = "ledger", "turn"


@dataclass(frozen=True, slots=True)
class LedgerKeeper:
    """Has its turn once an hour, however often it is called."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def turn(self) -> bool:
        """Does what is due; whether it was its turn. Raises BridgeError when the tracker cannot be read."""
        now, configured = self.clock.now(), self.configured()
        with self.store.reading() as uow:
            last = uow.ledger.cursor(SYSTEM, FEED)
            kept = uow.kpi_ledger.newest() is not None
        if not kept or (last is not None and timedelta(0) <= now - datetime.fromisoformat(last) < EVERY):
            return False
        Leases(self.store, self.tracker, configured).turn(now)
        with self.store.transaction() as uow:
            publish_daily(uow, configured, now)
            uow.ledger.set_cursor(SYSTEM, FEED, now.isoformat())
        return True
