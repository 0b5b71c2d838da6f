"""Looks at every reason of a rule, in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bridge.calendar.business import BusinessCalendar
from bridge.rules import recurrence, waiting
from bridge.rules.decision import Clause, GroupMember, RateCount
from bridge.rules.when import Trigger

NO_COUNT = RateCount(0, 0)


def look(
    triggers: Sequence[Trigger],
    members: Sequence[GroupMember],
    everyone: Sequence[GroupMember],
    rates: Sequence[RateCount],
    calendars: Mapping[str, BusinessCalendar],
    now: datetime,
) -> tuple[Clause, ...]:
    """One clause per reason. Those about the group see `members`, those about one incident `everyone`; newest first.

    `rates` are for the `rate` reasons in their order; one that is missing counts as nothing.
    """
    counts = iter(rates)
    clauses = []
    for trigger in triggers:
        clause = _about_one(trigger, everyone, calendars, now) or _about_group(trigger, members, now)
        if trigger.rate is not None:
            clause = recurrence.rate(trigger.rate, next(counts, NO_COUNT), members, now)
        if clause is not None:
            clauses.append(clause)
    return tuple(clauses)


def _about_one(
    trigger: Trigger, members: Sequence[GroupMember], calendars: Mapping[str, BusinessCalendar], now: datetime
) -> Clause | None:
    if trigger.open_for is not None:
        return waiting.open_for(trigger.open_for, members, now, calendars)
    if trigger.on_hold_for is not None:
        return waiting.on_hold_for(trigger.on_hold_for, members, now)
    if trigger.reopened is not None:
        return waiting.reopened(trigger.reopened, members, now)
    if trigger.reassigned is not None:
        return waiting.reassigned(trigger.reassigned, members, now)
    return None


def _about_group(trigger: Trigger, members: Sequence[GroupMember], now: datetime) -> Clause | None:
    if trigger.recurs is not None:
        return recurrence.recurs(trigger.recurs, members, now)
    if trigger.affected is not None:
        return recurrence.affected(trigger.affected, members, now)
    if trigger.effort is not None:
        return recurrence.effort(trigger.effort, members, now)
    if trigger.breached is not None:
        return recurrence.breached(trigger.breached, members, now)
    return None
