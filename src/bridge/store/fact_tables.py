"""The tables that reports read: one row per incident with its clocks, one per day and source with sums."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.values import Clean, Json, Moment

incident_fact = Table(
    "incident_fact",
    metadata,
    _of("incident_id", "incident.id", key=True),
    *_is(Moment, "opened_at"),
    *_maybe(Moment, "responded_at", "resolved_reported", "resolved_timeline"),
    *_is(BigInteger, "hold", "hold_reported", "hold_timeline"),
    *_is(Json, "hold_by_reason"),
    *_maybe(Moment, "on_hold_since"),
    *_is(Clean, "team", "service"),
    *_maybe(Integer, "priority"),
    *_is(Clean, "first_team"),
    *_is(Integer, "reopened", "reassigned"),
    *_maybe(Moment, "left_at"),
    *_is(Json, "holds"),
    *_is(Clean, "source", "person", "type", "state"),
    *_is(Integer, "told_reopened", "told_reassigned"),
    *_maybe(Boolean, "response_breached", "resolution_breached"),
    *_is(Double, "effort"),
    # What a report on some days reads, and what was open at its end.
    Index(None, "opened_at"),
    Index(None, "resolved_reported"),
    Index(None, "resolved_timeline"),
    Index(None, "left_at"),
)

fact_day = Table(
    "fact_day",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("source", Clean, primary_key=True),
    *_is(BigInteger, "opened", "ended"),
    *_is(BigInteger, "resolved_reported", "time_reported", "resolved_timeline", "time_timeline"),
)
