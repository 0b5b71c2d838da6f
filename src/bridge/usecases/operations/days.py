"""The last days of a report's span: from the store's sums per day, or from the columns of a history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from bridge.kpi.columns import HOUR, NONE, Facts
from bridge.kpi.population import micros
from bridge.kpi.report_model import Asked, Basis, Day
from bridge.ports import UnitOfWork
from bridge.repositories.operations import DaySums

SHOWN = 31
_DAY = 24 * HOUR
_FIRST = date(1970, 1, 1)


def span_of(asked: Asked, at: int) -> tuple[int, int]:
    """The days that a report shows, as days after 1970: no more than SHOWN before its end, which is excluded.

    None where it begins after what is known.
    """
    end = min(micros(asked.until), at) if asked.until else at
    until = -(-end // _DAY)
    since = until - SHOWN
    return (min(until, max(since, micros(asked.since) // _DAY)) if asked.since else since), until


def stored_days(uow: UnitOfWork, asked: Asked, at: int) -> tuple[Day, ...]:
    """From the store: reads the rows of these days only, but for the backlog before them, which is one sum."""
    since, until = span_of(asked, at)
    sums = {one.day: one for one in uow.fact_columns.days(since, until)}
    return _days(
        since, until, [sums.get(day) for day in range(since, until)], uow.fact_columns.open_before(since), asked
    )


def days_of(facts: Facts, asked: Asked, at: int) -> tuple[Day, ...]:
    """From the columns of a history."""
    since, until = span_of(asked, at)
    size = until - since

    def per_day(moments: np.ndarray, weights: np.ndarray | None = None) -> list[int]:
        day = moments // _DAY - since
        there = (moments != NONE) & (day >= 0) & (day < size)
        weighed = None if weights is None else weights[there].astype(np.float64)
        return [int(one) for one in np.bincount(day[there], weights=weighed, minlength=size)]

    columns = [per_day(facts.opened), per_day(facts.left)]
    for end in (facts.reported, facts.timeline):
        columns += [per_day(end), per_day(end, end - facts.opened)]
    before = int((facts.opened < since * _DAY).sum() - ((facts.left != NONE) & (facts.left < since * _DAY)).sum())
    rows = [DaySums(since + place, *row) for place, row in enumerate(zip(*columns, strict=True))]
    return _days(since, until, rows, before, asked)


def _days(since: int, until: int, sums: Sequence[DaySums | None], backlog: int, asked: Asked) -> tuple[Day, ...]:
    made = []
    for day, one in zip(range(since, until), sums, strict=True):
        found = one or DaySums(day, 0, 0, 0, 0, 0, 0)
        backlog += found.opened - found.ended
        reported = asked.basis is Basis.REPORTED
        resolved = found.resolved_reported if reported else found.resolved_timeline
        time = found.time_reported if reported else found.time_timeline
        mean = time / resolved / HOUR if resolved else None
        made.append(Day(_FIRST + timedelta(days=day), found.opened, found.ended, resolved, mean, backlog))
    return tuple(made)
