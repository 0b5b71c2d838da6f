"""The tables of the sync: conflicts, steps between statuses that were seen, and how far other clocks are from ours."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.columns import where as _where
from bridge.store.values import Clean, Moment

conflict = Table(
    "conflict",
    metadata,
    _id(),
    _of("link_id", "link.id"),
    *_is(Clean, "field", "incident_value", "project_value", "why", "told"),
    *_is(Moment, "found_at"),
    *_maybe(Moment, "resolved_at"),
    *_is(Clean, "resolved_by", "resolution", "value"),
    Index(None, "link_id"),
    Index("uq_conflict_open", "link_id", "field", unique=True, **_where("resolved_at IS NULL")),
)

status_step = Table(
    "status_step",
    metadata,
    *(Column(name, Clean, primary_key=True) for name in ("issue_tracker", "from_status", "to_status")),
    *_is(Moment, "seen_at"),
)

clock_offset = Table(
    "clock_offset",
    metadata,
    Column("system", Clean, primary_key=True),
    *_is(BigInteger, "earliest", "latest"),
    *_is(Moment, "measured_at"),
)
