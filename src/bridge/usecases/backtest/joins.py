"""Who joins a group's promotion, asked of no more incidents than `decide` asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bridge.rules.decide import joining
from bridge.rules.matching import CompiledRule
from bridge.rules.moments import SKEW, later
from bridge.usecases.backtest.book import Book
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.near import Trace
from bridge.usecases.claims import claims


class _Joins(NamedTuple):
    """An incident of a group, see bridge.rules.decide.Joins."""

    incident_id: int
    opened_at: datetime
    is_open: bool
    joined: bool


def who_joins(
    book: Book, known: Known, rule: CompiledRule, trace: Trace, incidents: Sequence[int], now: datetime
) -> tuple[int, ...]:
    """The incidents that join, of the newest of a group and some others."""
    newest = trace.newest(rule.needs.members, later(now, SKEW))
    ids = dict.fromkeys([*newest, *incidents])
    taken = claims(book.as_uow(), ids, rule.id)
    free = (one for one in ids if one not in taken or taken[one].id == trace.promotion)
    opened = known.history.opened
    return joining([_Joins(one, opened[one], known.is_open(one), one in taken) for one in free])
