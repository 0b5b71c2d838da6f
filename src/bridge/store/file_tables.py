"""The tables of what was carried beside fields and notes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from bridge.store.columns import metadata, reference
from bridge.store.columns import required as _is
from bridge.store.values import Clean, Key

carried_file = Table(
    "carried_file",
    metadata,
    reference("link_id", "link.id", key=True),
    Column("side", Clean, primary_key=True),
    Column("remote_id", Key, primary_key=True),
    *_is(Clean, "name", "outcome", "sha256", "copy_id", "why"),
)

booked_time = Table(
    "booked_time",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    reference("link_id", "link.id"),
    *_is(Integer, "minutes", "revision"),
    *_is(Clean, "day", "why"),
    Column("refused", Integer),
    Index(None, "link_id"),
    Index(None, "day"),
)
