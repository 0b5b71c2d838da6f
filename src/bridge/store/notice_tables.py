"""The tables of telling people: lines of digests, escalations, and the tasks of projects as last read."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.columns import where as _where
from bridge.store.values import Clean, Id, Json, Key, Moment

notice_line = Table(
    "notice_line",
    metadata,
    _id(),
    *_is(Key, "digest", "unique_key"),
    *_is(Json, "notice"),
    *_is(Moment, "created_at"),
    *_maybe(Moment, "told_at"),
    UniqueConstraint("unique_key"),
    Index("ix_notice_line_waiting", "digest", **_where("told_at IS NULL")),
)

escalation = Table(
    "escalation",
    metadata,
    _id(),
    _of("incident_id", "incident.id"),
    *_is(Clean, "clock"),
    *_is(Integer, "turn", "level"),
    *_is(Moment, "due_at"),
    *_is(Json, "told"),
    *_maybe(Moment, "acknowledged_at"),
    *_is(Clean, "acknowledged_by"),
    *_maybe(Moment, "snoozed_until", "ended_at"),
    UniqueConstraint("incident_id", "clock"),
    Index("ix_escalation_running", "id", **_where("ended_at IS NULL")),
)

project_tasks = Table(
    "project_tasks",
    metadata,
    Column("project_id", Id, primary_key=True, autoincrement=False),
    *_is(Moment, "taken_at"),
    *_is(Json, "tasks"),
)
