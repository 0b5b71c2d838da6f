"""One round of polling, deciding and delivering: what it brought, and what failed without stopping the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb
from typing import Any

import structlog

from bridge.model.errors import BridgeError
from bridge.model.promotion import Promotion
from bridge.ports import Clock
from bridge.queue.contract import Summary
from bridge.usecases.promote import Finding

log = structlog.get_logger()

NOTHING_DELIVERED = Summary()


@dataclass(slots=True)
class Cycle:
    """What one round of polling, deciding and delivering brought.

    `nominated` are candidates that a tag or a field of an incident made. `failures` maps a system to what went wrong.
    `told` are the incidents and issues of ours that polls told of, each with the system's time of its change.
    """

    incidents: int = 0
    parked: int = 0
    issues: int = 0
    findings: list[Finding] = field(default_factory=list)
    nominated: list[Promotion] = field(default_factory=list)
    told: list[tuple[str, datetime]] = field(default_factory=list)
    delivered: Summary = NOTHING_DELIVERED
    failures: dict[str, BridgeError] = field(default_factory=dict)

    def add(self, later: Cycle) -> None:
        """Takes in what a later round brought."""
        self.incidents += later.incidents
        self.parked += later.parked
        self.issues += later.issues
        self.findings += later.findings
        self.nominated += later.nominated
        self.told += later.told
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
            "nominated": [{"promotion": p.id, "name": p.name, "reason": p.reason} for p in self.nominated],
            "delivered": {
                "done": self.delivered.done,
                "retry": self.delivered.retry,
                "dead": self.delivered.dead,
                "waiting": self.delivered.waiting,
            },
            "failures": {system: str(error) for system, error in self.failures.items()},
        }


class BrokenOff(BridgeError):  # noqa: N818 - named by what it says
    """A turn ended with an error that is not one of ours: an answer nobody foresaw, or a fault in the bridge."""

    code = "RB-1404"


def tell_parked(system: str, reasons: Mapping[str, str]) -> None:
    """Says what was parked, and why: each reason with the first item."""
    for why, item in reasons.items():
        advice = "correct the source's options or the item; it is read again when it changes, or by `backfill`"
        log.warning("cannot be understood and was parked", system=system, item=item, why=why, advice=advice)


class Outages:
    """Keeps one system's failure from the others, and tells how long it lasted. Each system by one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, datetime] = {}

    @contextmanager
    def contained(self, system: str, cycle: Cycle) -> Iterator[None]:
        """What goes wrong inside is told and noted in `cycle.failures`; the system's cursor stays where it was."""
        try:
            yield
        except BridgeError as error:
            self._failed(system, cycle, error)
            log.warning("failed; nothing is lost, the next turn goes on there", system=system, error=str(error))
        except Exception as error:
            found = _broken_off(system, error)
            self._failed(system, cycle, found)
            log.exception("failed unforeseen; nothing is lost, please report it", system=system, error=str(found))
        else:
            since = self._since.pop(system, None)
            if since is not None:
                lasted = str(timedelta(seconds=int((self._clock.now() - since).total_seconds())))
                log.info("works again; nothing was lost, what came meanwhile is here now", system=system, down=lasted)

    def _failed(self, system: str, cycle: Cycle, error: BridgeError) -> None:
        cycle.failures[system] = error
        if system not in self._since:
            self._since[system] = self._clock.now()


def _broken_off(system: str, error: Exception) -> BrokenOff:
    frame = extract_tb(error.__traceback__)[-1]
    what = f"broke off with {type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})."
    return BrokenOff(system, what, "It goes on there at the next turn; if it stays so, please report it.")
