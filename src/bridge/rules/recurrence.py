"""The reasons of a rule, each looked at over the members of a group."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bridge.rules.decision import Clause, GroupMember
from bridge.rules.durations import roughly, written
from bridge.rules.when import OpenFor, Recurs

SKEW = timedelta(days=1)
"""An incident that claims to be opened later than this from now is not counted: its date is wrong."""


def recurs(asked: Recurs, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether so many were opened within a closed window that ends with the newest, and that one not too long ago.

    `members` are the newest ones, newest first.
    """
    counted = [member for member in members if member.opened_at - now <= SKEW]
    fresh = bool(counted) and now - counted[0].opened_at <= asked.within
    window = [member for member in counted if counted[0].opened_at - member.opened_at <= asked.within] if fresh else []
    staying = [member.opened_at for member in window if now - member.opened_at <= asked.within]
    return Clause(
        name="recurs",
        met=len(window) >= asked.at_least,
        needed=f"{asked.at_least} within {written(asked.within)}",
        found=_times(window) if window else _stale(counted, asked.within),
        have=len(window),
        want=asked.at_least,
        until=min(staying) + asked.within if staying else None,
        evidence=tuple(member.incident_id for member in window),
    )


def open_for(asked: OpenFor, members: Sequence[GroupMember], now: datetime) -> Clause:
    """Whether a member is open for longer than it may be. `members` in any order."""
    waiting = sorted(
        (one for one in members if one.is_open and one.opened_at - now <= SKEW), key=lambda member: member.opened_at
    )
    late = [member for member in waiting if now - member.opened_at > asked.longer_than]
    oldest = waiting[0] if waiting else None
    age = max(now - oldest.opened_at, timedelta()) if oldest else timedelta()
    return Clause(
        name="open_for",
        met=bool(late),
        needed=f"more than {written(asked.longer_than)}",
        found=f"{oldest.ref} has been open for {roughly(age)}" if oldest else "no incident of the group is open",
        have=age.total_seconds(),
        want=asked.longer_than.total_seconds(),
        until=oldest.opened_at + asked.longer_than if oldest and not late else None,
        evidence=tuple(member.incident_id for member in reversed(late)),
    )


def _times(window: Sequence[GroupMember]) -> str:
    newest, oldest = window[0], window[-1]
    if len(window) == 1:
        return f"1 incident, {newest.ref}, opened {_moment(newest.opened_at)}"
    return f"{len(window)} incidents, opened {_moment(oldest.opened_at)} to {_moment(newest.opened_at)}"


def _stale(counted: Sequence[GroupMember], within: timedelta) -> str:
    if not counted:
        return "no incident"
    return f"no incident in the last {written(within)}, the newest was opened {_moment(counted[0].opened_at)}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
