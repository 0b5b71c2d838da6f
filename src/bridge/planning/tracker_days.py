"""Redmine's own reckoning of working days, so that a plan stands still when its relations are created.

Read in Redmine 5.0.4 (`lib/redmine/utils/date_calculation.rb`, `app/models/issue_relation.rb`, `app/models/issue.rb`).
Redmine knows days off by weekday only, no holidays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

# Redmine's default setting `non_working_week_days`: Saturday and Sunday (Monday is 0 here).
WEEKEND: frozenset[int] = frozenset({5, 6})


def next_working_date(day: date, free: frozenset[int]) -> date:
    """The first day on or after `day` that Redmine counts as working."""
    while day.weekday() in free:
        day += timedelta(days=1)
    return day


def add_working_days(day: date, days: int, free: frozenset[int]) -> date:
    """The day that Redmine reaches that many working days after `day`, its whole-week shortcut included."""
    if days <= 0:
        return day
    weeks, left = divmod(days, 7 - len(free))
    reached = day + timedelta(days=7 * weeks)
    while left:
        reached += timedelta(days=1)
        left -= reached.weekday() not in free
    return next_working_date(reached, free)


def follower_starts(due: date, free: frozenset[int]) -> Iterator[tuple[date, int]]:
    """The days a follower can start on after `due`, each with the relation's delay that Redmine needs for it."""
    delay = 0
    while True:
        yield add_working_days(due, 1 + delay, free), delay
        delay += 1
