"""The tables of what keeps the two sides honest: notes carried over, and systems that are stopped."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, Table, UniqueConstraint

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.values import Clean, Key, Moment

carried_note = Table(
    "carried_note",
    metadata,
    _id(),
    _of("link_id", "link.id"),
    *_is(Clean, "side"),
    *_is(Key, "remote_id"),
    *_is(Clean, "author"),
    *_is(Moment, "written_at"),
    *_is(Clean, "digest"),
    *_is(Boolean, "private"),
    *_is(Integer, "revision"),
    *_maybe(Moment, "missed_at", "gone_at"),
    UniqueConstraint("link_id", "side", "remote_id"),
)

stop = Table(
    "stop",
    metadata,
    Column("system", Clean, primary_key=True),
    *_is(Moment, "at"),
    *_is(Clean, "code", "why"),
)
