"""Reasons that the incidents of a group are together, each looked at over a window.

A window is closed and ends with the group's newest incident, which must itself be no older than the window is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.rules.decision import Clause, GroupMember, RateCount
from bridge.rules.durations import written
from bridge.rules.moments import SKEW, later, shown
from bridge.rules.sla import SlaClock
from bridge.rules.when import Affected, Breached, Concerned, Effort, Rate, Recurs

_MICROSECOND = timedelta(microseconds=1)
_WORDS = {Concerned.CALLER: "callers", Concerned.LOCATION: "locations", Concerned.CI: "CIs"}


@dataclass(frozen=True, slots=True)
class _Window:
    """The members in a window, newest first, and all that were looked at."""

    inside: tuple[GroupMember, ...]
    all: tuple[GroupMember, ...]


def _window(members: Sequence[GroupMember], within: timedelta, now: datetime) -> _Window:
    """`members` are the newest ones, newest first."""
    counted = tuple(one for one in members if one.opened_at - now <= SKEW)
    if not counted or now - counted[0].opened_at > within:
        return _Window((), counted)
    newest = counted[0].opened_at
    return _Window(tuple(one for one in counted if newest - one.opened_at <= within), counted)


def recurs(asked: Recurs, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether so many were opened within a window. `members` are the newest ones, newest first."""
    window = _window(members, asked.within, now)
    if asked.distinct is not None:
        return _distinct("recurs", asked.distinct, f"different {asked.distinct}", asked, window, now)
    staying = [one.opened_at for one in window.inside if now - one.opened_at <= asked.within]
    return Clause(
        name="recurs",
        met=len(window.inside) >= asked.at_least,
        needed=f"{asked.at_least} within {written(asked.within)}",
        found=_told(window, asked.within),
        have=len(window.inside),
        want=asked.at_least,
        until=later(min(staying), asked.within) if staying else None,
        evidence=_ids(window.inside),
    )


def affected(asked: Affected, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether so many different ones were affected within a window. `members` are the newest ones, newest first."""
    window = _window(members, asked.within, now)
    return _distinct("affected", asked.field, f"different {_WORDS[asked.distinct]}", asked, window, now)


def _distinct(name: str, field: str, what: str, asked: Recurs | Affected, window: _Window, now: datetime) -> Clause:
    """Each value counts once, with its newest incident; incidents without a value do not count."""
    having = [one for one in window.inside if field in one.values]
    newest: dict[str, datetime] = {}
    for one in having:
        newest.setdefault(one.values[field], one.opened_at)
    staying = [at for at in newest.values() if now - at <= asked.within]
    found = f"{len(newest)} {what} in {_told(window, asked.within)}" if having else _without(window, what, asked.within)
    return Clause(
        name=name,
        met=len(newest) >= asked.at_least,
        needed=f"{asked.at_least} {what} within {written(asked.within)}",
        found=found,
        have=len(newest),
        want=asked.at_least,
        until=later(min(staying), asked.within) if staying else None,
        evidence=_ids(having),
    )


def effort(asked: Effort, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether those of a window together cost so many worked hours. `members` are the newest ones, newest first."""
    window = _window(members, asked.within, now)
    working = [one for one in window.inside if one.effort > 0]
    hours = sum(one.effort for one in working)
    want = asked.at_least / timedelta(hours=1)
    staying = [one.opened_at for one in working if now - one.opened_at <= asked.within]
    return Clause(
        name="effort",
        met=hours >= want,
        needed=f"{want:g} worked hours within {written(asked.within)}",
        found=f"{hours:g} worked hours on {_told(window, asked.within)}",
        have=hours,
        want=want,
        until=later(min(staying), asked.within) if staying else None,
        evidence=_ids(working),
    )


def breached(asked: Breached, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether so many of a window broke an SLA clock by now. `members` are the newest ones, newest first."""
    window = _window(members, asked.within, now)
    broken = [one for one in window.inside if (at := _breach(asked.clock, one)) is not None and at < now]
    staying = [one.opened_at for one in broken if now - one.opened_at <= asked.within]
    return Clause(
        name="breached",
        met=len(broken) >= asked.times,
        needed=f"{asked.times} with a broken {asked.clock} time within {written(asked.within)}",
        found=f"{len(broken)} with a broken {asked.clock} time in {_told(window, asked.within)}",
        have=len(broken),
        want=asked.times,
        until=later(min(staying), asked.within) if staying else None,
        evidence=_ids(broken),
    )


def _breach(clock: SlaClock, member: GroupMember) -> datetime | None:
    return member.response_breach if clock is SlaClock.RESPONSE else member.resolution_breach


@dataclass(frozen=True, slots=True)
class RateSpan:
    """What is to be counted for a rate: opened in [since, until], and before that in [before, since)."""

    before: datetime
    since: datetime
    until: datetime


def rate_span(asked: Rate, members: Sequence[GroupMember], now: datetime) -> RateSpan | None:
    """Where to count; None when nothing new enough is there. `members` are the newest ones, newest first."""
    window = _window(members, asked.within, now)
    if not window.inside:
        return None
    until = window.inside[0].opened_at
    since, before = later(until, -asked.within), later(until, -asked.within - asked.baseline)
    return RateSpan(before, since, until) if before and since else None


def enough_before(asked: Rate, recent: int) -> int:
    """With so many or more in the baseline `recent` ones are not above the usual rate: no more need be counted."""
    usual = asked.above * (asked.within // _MICROSECOND)
    return -(-recent * (asked.baseline // _MICROSECOND) // usual)


def rate(asked: Rate, count: RateCount, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether more are opened than usual. `members` are the newest ones, newest first.

    Those of the window are evidence; `have` and `want` are incidents in the window.
    """
    window = _window(members, asked.within, now)
    recent = count.recent if window.inside else 0
    usual = asked.above * count.before * (asked.within // _MICROSECOND) / (asked.baseline // _MICROSECOND)
    want = max(asked.at_least, int(usual) + 1)
    return Clause(
        name="rate",
        met=recent >= want,
        needed=(
            f"more than {float(asked.above):g} times as many within {written(asked.within)} as in the"
            f" {written(asked.baseline)} before, and {asked.at_least}"
        ),
        found=f"{recent} within {written(asked.within)}, {count.before} in the {written(asked.baseline)} before",
        have=recent,
        want=want,
        evidence=_ids(window.inside),
    )


def _ids(members: Sequence[GroupMember]) -> tuple[int, ...]:
    return tuple(one.incident_id for one in members)


def _told(window: _Window, within: timedelta) -> str:
    if not window.inside:
        if not window.all:
            return "no incident"
        return f"no incident in the last {written(within)}, the newest was opened {shown(window.all[0].opened_at)}"
    newest, oldest = window.inside[0], window.inside[-1]
    if newest is oldest:
        return f"1 incident, {newest.ref}, opened {shown(newest.opened_at)}"
    return f"{len(window.inside)} incidents, opened {shown(oldest.opened_at)} to {shown(newest.opened_at)}"


def _without(window: _Window, what: str, within: timedelta) -> str:
    told = _told(window, within)
    return f"no {what}: {told}" if window.inside else told
