"""Reasons that one incident of a group alone can be: it is open or on hold for long, or comes back again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bridge.calendar.business import BeyondHorizon, BusinessCalendar
from bridge.rules.decision import Clause, GroupMember
from bridge.rules.durations import roughly, written
from bridge.rules.moments import SKEW, later
from bridge.rules.when import CameBack, OnHoldFor, OpenFor


def open_for(
    asked: OpenFor, members: Sequence[GroupMember], now: datetime, calendars: Mapping[str, BusinessCalendar]
) -> Clause:
    """Whether a member is open for longer than it may be. `members` in any order.

    With a calendar its working time counts; a date outside the years of calendars (1970 to 2100) counts as wrong.
    """
    needed = f"more than {written(asked.longer_than)}"
    calendar = None
    if asked.calendar is not None:
        calendar = calendars.get(asked.calendar)
        needed += f" of working time ({asked.calendar})"
        if calendar is None:
            found = f"the directory has no calendar “{asked.calendar}”"
            return Clause("open_for", met=False, needed=needed, found=found, have=0, want=_seconds(asked.longer_than))
    waiting = [(one.opened_at, one) for one in members if one.is_open]
    return _longest("open_for", "open", needed, asked.longer_than, waiting, now, calendar)


def on_hold_for(asked: OnHoldFor, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether a member is on hold for longer than it may be. `members` in any order."""
    waiting = [(one.held_since, one) for one in members if one.held_since is not None and one.is_open]
    needed = f"more than {written(asked.longer_than)}"
    return _longest("on_hold_for", "on hold", needed, asked.longer_than, waiting, now, None)


def reopened(asked: CameBack, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether a member was reopened so often. `members` in any order."""
    return _most("reopened", asked, members, now, lambda one: one.reopened)


def reassigned(asked: CameBack, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether a member changed hands so often. `members` in any order."""
    return _most("reassigned", asked, members, now, lambda one: one.reassigned)


def _longest(
    name: str,
    how: str,
    needed: str,
    longer_than: timedelta,
    waiting: Sequence[tuple[datetime, GroupMember]],
    now: datetime,
    calendar: BusinessCalendar | None,
) -> Clause:
    want = _seconds(longer_than)
    known = [
        (age, since, one) for since, one in waiting if since - now <= SKEW and (age := _age(since, now, calendar)) >= 0
    ]
    known.sort(key=lambda entry: (entry[1], entry[2].incident_id))
    late = [one for age, _, one in known if age > want]
    oldest = known[0] if known else None
    found = f"no incident of the group is {how}"
    if oldest is not None:
        found = f"{oldest[2].ref} has been {how} for {roughly(timedelta(seconds=oldest[0]))}"
    return Clause(
        name=name,
        met=bool(late),
        needed=needed,
        found=found,
        have=oldest[0] if oldest else 0.0,
        want=want,
        until=_due(oldest[1], longer_than, calendar) if oldest and not late else None,
        evidence=tuple(one.incident_id for one in reversed(late)),
    )


def _age(since: datetime, now: datetime, calendar: BusinessCalendar | None) -> float:
    """Seconds between the two, not negative; -1 when the calendar cannot tell."""
    if calendar is None:
        return max(_seconds(now - since), 0.0)
    try:
        return max(calendar.elapsed(since, now), 0.0)
    except BeyondHorizon:
        return -1.0


def _due(since: datetime, longer_than: timedelta, calendar: BusinessCalendar | None) -> datetime | None:
    if calendar is None:
        return later(since, longer_than)
    try:
        return calendar.due(since, _seconds(longer_than))
    except BeyondHorizon:
        return None


def _most(
    name: str, asked: CameBack, members: Sequence[GroupMember], now: datetime, count: Callable[[GroupMember], int]
) -> Clause:
    lively = [one for one in members if one.is_open or -SKEW <= now - one.updated_at <= asked.within]
    often = sorted(
        (one for one in lively if count(one) >= asked.at_least), key=lambda one: (one.opened_at, one.incident_id)
    )
    top = max(lively, key=lambda one: (count(one), one.incident_id), default=None)
    return Clause(
        name=name,
        met=bool(often),
        needed=f"{asked.at_least} times, and open or changed within {written(asked.within)}",
        found=f"{top.ref} was {name} {_times(count(top))}" if top else "no incident of the group changed lately",
        have=count(top) if top else 0,
        want=asked.at_least,
        evidence=tuple(one.incident_id for one in reversed(often)),
    )


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")


def _seconds(length: timedelta) -> float:
    return length.total_seconds()
