"""The tables of hooks: what was received, and how many changes came so."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, UniqueConstraint

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.columns import where as _where
from bridge.store.values import Clean, Json, Key, Moment

inbox = Table(
    "inbox",
    metadata,
    _id(),
    *_is(Clean, "source"),
    *_is(Key, "delivery", "entity"),
    *_is(BigInteger, "mark"),
    *_is(Json, "remote_ids"),
    *_maybe(Moment, "changed_at"),
    *_is(Moment, "received_at"),
    *_maybe(Moment, "handled_at"),
    *_is(Clean, "outcome"),
    UniqueConstraint("source", "delivery"),
    Index("ix_inbox_waiting", "id", **_where("handled_at IS NULL")),
    Index("ix_inbox_entity", "source", "entity"),
    Index(None, "received_at"),
)

hook_coverage = Table(
    "hook_coverage",
    metadata,
    Column("system", Clean, primary_key=True),
    *_is(Integer, "heard", "missed", "heard_in_a_row", "missed_in_a_row"),
    *_maybe(Moment, "last_heard_at", "last_missed_at"),
)
