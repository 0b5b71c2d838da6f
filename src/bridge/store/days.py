"""Sums per UTC day and source, kept in step with the facts they are made of. Works on rows of FACT, for speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from bridge.store import tables
from bridge.store.rows import FACT
from bridge.store.sql import Row, execute_many, insert_text

DAY = 86_400_000_000
SUMS = ("opened", "ended", "resolved_reported", "time_reported", "resolved_timeline", "time_timeline")
"""The columns of a day: how many were opened and left the open states, then for both bases how many were resolved on
that day and how long these took (microseconds)."""

_ADD = (
    insert_text(tables.fact_day, ("day", "source", *SUMS))
    + " ON CONFLICT (day, source) DO UPDATE SET "
    + ", ".join(f"{name} = fact_day.{name} + excluded.{name}" for name in SUMS)
)
_OPENED, _LEFT, _SOURCE = (FACT.index(name) for name in ("opened_at", "left_at", "source"))
_BASES = (FACT.index("resolved_reported"), 2), (FACT.index("resolved_timeline"), 4)

Days = dict[tuple[int, str], list[int]]


def count(days: Days, facts: Iterable[Row], sign: int = 1) -> None:
    """Adds facts to the sums of their days, or with sign -1 takes them off."""
    for fact in facts:
        opened, source = fact[_OPENED], fact[_SOURCE]
        _day(days, opened, source)[0] += sign
        if (left := fact[_LEFT]) is not None:
            _day(days, left, source)[1] += sign
        for index, place in _BASES:
            if (at := fact[index]) is not None:
                sums = _day(days, at, source)
                sums[place] += sign
                sums[place + 1] += sign * (at - opened)


def _day(days: Days, at: int, source: str) -> list[int]:
    key = at // DAY, source
    found = days.get(key)
    if found is None:
        found = days[key] = [0] * len(SUMS)
    return found


def add_days(connection: Connection, after: Iterable[Row], before: Iterable[Row]) -> None:
    """Brings the stored sums from some incidents' facts before to those after."""
    days: Days = {}
    count(days, before, -1)
    count(days, after)
    write_days(connection, days)


def write_days(connection: Connection, days: Mapping[tuple[int, str], list[int]]) -> None:
    """Adds to the stored sums, in the order of the days."""
    execute_many(connection, _ADD, [(*key, *sums) for key, sums in sorted(days.items()) if any(sums)])
