"""Every table. Moments are microseconds since 1970 UTC, JSON is text; see bridge.store.values."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, UniqueConstraint

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.columns import where as _where
from bridge.store.fact_tables import fact_day, incident_fact
from bridge.store.file_tables import booked_time, carried_file
from bridge.store.hook_tables import hook_coverage, inbox
from bridge.store.note_tables import carried_note, stop
from bridge.store.sync_tables import clock_offset, conflict, status_step
from bridge.store.values import Clean, Id, Json, Key, Moment

__all__ = [
    "booked_time",
    "carried_file",
    "carried_note",
    "clock_offset",
    "conflict",
    "fact_day",
    "hook_coverage",
    "inbox",
    "incident_fact",
    "metadata",
    "status_step",
    "stop",
]

incident = Table(
    "incident",
    metadata,
    _id(given=True),
    *_is(Clean, "source", "external_id", "summary", "state"),
    *_is(Moment, "opened_at", "updated_at"),
    *_is(Clean, "url", "description", "hold_reason"),
    *_maybe(Integer, "priority", "impact", "urgency"),
    *_is(Clean, "type", "service", "category", "subcategory", "ci", "site", "caller", "team", "person"),
    *_maybe(Moment, "acknowledged_at", "resolved_at", "closed_at"),
    *_is(Integer, "reopen_count", "reassignment_count"),
    *_is(Double, "effort"),
    *_maybe(Boolean, "response_breached", "resolution_breached"),
    *_is(Json, "tags"),
    *_is(Clean, "parent", "problem"),
    *_is(Json, "fields", "unknown"),
    *_is(Boolean, "is_open"),
    UniqueConstraint("source", "external_id"),
    Index("ix_incident_open", "opened_at", **_where("is_open")),
)

timeline = Table(
    "timeline",
    metadata,
    _id(),
    _of("incident_id", "incident.id"),
    *_is(Clean, "kind", "value"),
    *_is(Moment, "occurred_at", "observed_at"),
    *_is(Clean, "remote_id"),
    Index("ix_timeline_incident_id", "incident_id"),
    Index("uq_timeline_remote", "incident_id", "kind", "remote_id", unique=True, **_where("remote_id <> ''")),
)

group_member = Table(
    "group_member",
    metadata,
    Column("rule_id", Clean, primary_key=True),
    _of("incident_id", "incident.id", key=True),
    *_is(Key, "group_key"),
    *_is(Moment, "opened_at"),
    Index("ix_group_member_newest", "rule_id", "group_key", "opened_at", "incident_id"),
)

similar_group = Table(
    "similar_group",
    metadata,
    Column("rule_id", Clean, primary_key=True),
    Column("group_key", Key, primary_key=True),
    *_is(Key, "division"),
    *_is(Clean, "fingerprint"),
    *_is(BigInteger, "started", "used"),
    Index("ix_similar_group_used", "rule_id", "division", "used"),
)

promotion = Table(
    "promotion",
    metadata,
    _id(),
    *_is(Clean, "rule_id", "rule_version", "source"),
    *_is(Key, "group_key"),
    *_is(Clean, "label", "name", "state", "reason"),
    *_is(Moment, "created_at"),
    *_maybe(Moment, "decided_at", "opened_at", "delivered_at"),
    *_is(Clean, "owner", "objective", "due", "template", "impact", "proposed_by", "identifier"),
    *_maybe(Moment, "waiting_since", "deferred_until"),
    *_maybe(Integer, "project_id", "root_issue_id", "merged_into"),
    *_is(Boolean, "from_history"),
    *_is(Clean, "approved_by", "decision_note", "attention"),
    *_is(Json, "terms", "made"),
    *_is(Clean, "tracker"),
    Index(None, "rule_id", "group_key"),
    Index("ix_promotion_rule_opened", "rule_id", "opened_at"),
    Index(None, "root_issue_id"),
)

intake = Table(
    "intake",
    metadata,
    _of("promotion_id", "promotion.id", key=True),
    *_is(Integer, "issue_id"),
    *_is(Json, "agreed"),
    *_is(Integer, "journal"),
    *_is(Boolean, "gone"),
    Index(None, "issue_id"),
)

promotion_member = Table(
    "promotion_member",
    metadata,
    _of("promotion_id", "promotion.id", key=True),
    _of("incident_id", "incident.id", key=True),
    *_is(Clean, "role"),
    *_is(Moment, "joined_at"),
    Index(None, "incident_id"),
)

task = Table(
    "task",
    metadata,
    _of("promotion_id", "promotion.id", key=True),
    Column("key", Clean, primary_key=True),
    *_is(Clean, "kind", "subject"),
    *_maybe(Integer, "issue_id"),
    *_is(Clean, "status"),
    *_is(Json, "gate"),
    Index(None, "issue_id"),
)

link = Table(
    "link",
    metadata,
    _id(),
    _of("incident_id", "incident.id"),
    *_is(Clean, "source", "external_id"),
    _of("promotion_id", "promotion.id"),
    *_is(Clean, "task_key"),
    *_is(Json, "agreed", "refused"),
    *_is(Moment, "created_at", "notes_since"),
    *_maybe(Integer, "issue_id"),
    *_is(Clean, "incident_note", "issue_note", "tracker", "instance"),
    *_maybe(Moment, "ended_at", "incident_missed_at", "issue_missed_at"),
    *_is(Clean, "ended_because", "attention"),
    Index(None, "promotion_id"),
    Index(None, "issue_id"),
    Index("ix_link_ref", "source", "external_id"),
    Index("uq_link_running", "incident_id", unique=True, **_where("ended_at IS NULL")),
)

effect = Table(
    "effect",
    metadata,
    _id(given=True),
    *_is(Clean, "kind"),
    *_is(Key, "key", "unique_key"),
    *_is(Clean, "endpoint"),
    *_is(Json, "payload"),
    *_is(Clean, "state"),
    *_is(Integer, "attempts"),
    *_is(Boolean, "unsure"),
    *_is(Moment, "run_at", "created_at"),
    *_maybe(Moment, "claimed_at", "finished_at"),
    *_is(Clean, "error"),
    Column("promotion_id", Id, nullable=True),
    *_is(Clean, "tracker", "instance"),
    UniqueConstraint("unique_key"),
    Index("ix_effect_due", "run_at", "id", **_where("state = 'ready'")),
    Index("ix_effect_key", "key", "state", "id"),
    Index("ix_effect_running", "id", **_where("state = 'running'")),
    Index("ix_effect_dead", "id", **_where("state = 'dead'")),
    Index("ix_effect_promotion", "promotion_id", "state"),
)

effect_predecessor = Table(
    "effect_predecessor",
    metadata,
    _of("effect_id", "effect.id", key=True),
    _of("predecessor_id", "effect.id", key=True),
)

released_resolution = Table(
    "released_resolution",
    metadata,
    _of("effect_id", "effect.id", key=True),
    *_is(Clean, "rule_id"),
    *_is(Moment, "released_at"),
    Index("ix_released_resolution_rule", "rule_id", "released_at"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    _id(),
    _of("effect_id", "effect.id"),
    *_is(Clean, "error"),
    *_is(Moment, "died_at"),
    *_is(Integer, "attempts"),
    *_maybe(Moment, "resolved_at"),
    Index(None, "effect_id"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("system", Clean, primary_key=True),
    Column("feed", Clean, primary_key=True),
    Column("tracker", Clean, primary_key=True),
    Column("instance", Clean, primary_key=True),
    *_is(Clean, "value"),
    *_is(Moment, "moved_at"),
)

command = Table(
    "command",
    metadata,
    _id(),
    *_is(Clean, "name"),
    *_is(Json, "args"),
    *_is(Clean, "state"),
    *_maybe(Json, "result", "progress"),
    *_is(Moment, "created_at"),
    *_maybe(Moment, "expires_at", "started_at", "finished_at"),
    Index(None, "state", "id"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    *_is(Moment, "at"),
    *_is(Clean, "actor", "action", "subject"),
    *_is(Json, "detail"),
    Index(None, "subject"),
)

own_write = Table(
    "own_write",
    metadata,
    *(Column(name, Clean, primary_key=True) for name in ("system", "entity", "remote_id")),
    *_is(Moment, "written_at"),
)

rule_activation = Table(
    "rule_activation",
    metadata,
    Column("rule_id", Clean, primary_key=True),
    *_is(Clean, "version"),
    *_is(Moment, "active_since"),
)

parked = Table(
    "parked",
    metadata,
    _id(),
    *_is(Clean, "source"),
    *_is(Key, "external_id", "error"),
    *_is(Clean, "raw"),
    *_is(Moment, "first_at", "last_at"),
    *_is(Integer, "times"),
    UniqueConstraint("source", "external_id", "error"),
)

meta = Table("meta", metadata, Column("name", Text, primary_key=True), *_is(Clean, "value"))
