"""Takes the bridge's own holds out of what a report on the store reads: they are no ordinary on-hold time."""

from __future__ import annotations

from datetime import timedelta

from bridge.kpi.columns import Facts, Holds
from bridge.kpi.own_holds import without_own
from bridge.kpi.population import micros, rows_of
from bridge.ports import UnitOfWork

_MICROSECOND = timedelta(microseconds=1)


def leave_out_own_holds(uow: UnitOfWork, facts: Facts, holds: Holds, numbers: list[int] | None) -> Holds:
    """Changes the columns on hold of the incidents that the bridge had on hold, in place; the intervals without those.

    `numbers` are the incidents that the facts are of, None: all.
    """
    own = uow.exclusions.holds(numbers)
    rows = rows_of(facts, own.keys())
    if not rows:
        return holds
    told = uow.incidents.facts_of(rows)
    kept = []
    for number, row in rows.items():
        left = without_own(told[number], own[number])
        facts.hold[row] = left.hold // _MICROSECOND
        facts.hold_reported[row] = left.hold_reported // _MICROSECOND
        facts.hold_timeline[row] = left.hold_timeline // _MICROSECOND
        kept += [(number, micros(start), micros(end) if end else None, why) for start, end, why in left.holds]
    return holds.instead(list(rows), kept)
