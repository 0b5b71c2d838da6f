"""The tables of the KPIs' ledger. Its rows and published heads are only ever added: triggers refuse anything else."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint

from bridge.store.columns import metadata
from bridge.store.columns import optional as _maybe
from bridge.store.columns import reference as _of
from bridge.store.columns import required as _is
from bridge.store.columns import row_id as _id
from bridge.store.columns import where as _where
from bridge.store.values import Clean, Moment

kpi_ledger = Table(
    "kpi_ledger",
    metadata,
    _id(given=True),
    *_is(Clean, "kind"),
    *_is(Moment, "at", "recorded_at"),
    *_is(Integer, "exclusion"),
    _of("incident_id", "incident.id"),
    *_is(Clean, "incident"),
    _of("promotion_id", "promotion.id"),
    *_is(Clean, "policy", "rule_id", "rule_version", "approver", "actor", "because", "reason", "evidence"),
    *_maybe(Moment, "expires_at"),
    *_is(Clean, "previous", "hash"),
    Index(None, "incident_id"),
    Index(None, "promotion_id"),
    Index(None, "exclusion"),
    Index("uq_kpi_ledger_ended", "exclusion", unique=True, **_where("kind = 'ended'")),
)

kpi_head = Table(
    "kpi_head",
    metadata,
    _id(),
    *_is(Integer, "seq"),
    *_is(Clean, "hash"),
    *_is(Moment, "published_at"),
    *_is(Clean, "place"),
)

kpi_name = Table(
    "kpi_name",
    metadata,
    Column("id", Clean, primary_key=True),
    *_is(Clean, "kind", "value", "digest"),
    UniqueConstraint("kind", "digest"),
)
