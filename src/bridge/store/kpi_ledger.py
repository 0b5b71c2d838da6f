"""The ledger of exclusions: its rows, its published heads, and the names behind its random ids."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from bridge.kpi.lease import Lease
from bridge.kpi.ledger import BEGINNING, Head, Row, RowKind, row_hash, written_evidence
from bridge.model.exclusion import Ending
from bridge.ports import Clock
from bridge.store import kpi_tables as tables
from bridge.store.sql import execute, fetch, insert_text, select_text
from bridge.store.values import clean, micros, micros_or_none, moment, moment_or_none

_COLUMNS = (
    *("id", "kind", "at", "recorded_at", "exclusion", "incident_id", "incident", "promotion_id", "policy", "rule_id"),
    *("rule_version", "approver", "actor", "because", "reason", "evidence", "expires_at", "previous", "hash"),
)
_ADD = insert_text(tables.kpi_ledger, _COLUMNS)
_ROWS = select_text(_COLUMNS, "FROM kpi_ledger WHERE id > ? ORDER BY id LIMIT ?")
_NEWEST = "SELECT id, hash FROM kpi_ledger ORDER BY id DESC LIMIT 1"
_HEADS = "SELECT seq, hash, published_at FROM kpi_head ORDER BY id"
_PUBLISHED = insert_text(tables.kpi_head, ("seq", "hash", "published_at", "place"))
_NAME = "SELECT id FROM kpi_name WHERE kind = ? AND digest = ?"
_ADD_NAME = insert_text(tables.kpi_name, ("id", "kind", "value", "digest"))
_NAMES = "SELECT id, value FROM kpi_name WHERE kind = 'person'"
_ALL_NAMES = "SELECT id, kind, value FROM kpi_name"
_FORGET = "DELETE FROM kpi_name WHERE id = ?"
_REFS = "SELECT source, external_id FROM incident WHERE id = ?"
_PROMOTION = "SELECT rule_id, approved_by FROM promotion WHERE id = ?"
_LEASES = (
    "SELECT s.id, s.incident_id, s.policy, s.rule_version, s.at, s.expires_at, e.at, e.because FROM kpi_ledger s"
    " LEFT JOIN kpi_ledger e ON e.exclusion = s.id AND e.kind = 'ended'"
    " WHERE s.promotion_id = ? AND s.kind = 'started' ORDER BY s.id"
)
_LEASE_ROWS = (
    "SELECT exclusion, kind, at, expires_at FROM kpi_ledger"
    " WHERE promotion_id = ? AND kind IN ('warned', 'extended') ORDER BY id"
)


class StoredKpiLedger:
    """Implements bridge.repositories.KpiLedger."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(
        self,
        kind: RowKind,
        incident_id: int,
        promotion_id: int,
        at: datetime,
        *,
        policy: str,
        rule_version: str,
        exclusion: int | None = None,
        because: str = "",
        reason: str = "",
        actor: str = "",
        evidence: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Adds a row. `exclusion` None: it begins one. `reason` and `actor` are texts, stored as random ids."""
        newest = fetch(self._connection, _NEWEST)
        seq, previous = (newest[0][0] + 1, newest[0][1]) if newest else (1, BEGINNING)
        ref = fetch(self._connection, _REFS, incident_id)
        promotion = fetch(self._connection, _PROMOTION, promotion_id)
        rule_id, approver = promotion[0] if promotion else ("", "")
        row = Row(
            seq=seq,
            kind=kind.value,
            at=at,
            recorded_at=self._clock.now(),
            exclusion=seq if exclusion is None else exclusion,
            incident_id=incident_id,
            incident=f"{ref[0][0]} #{ref[0][1]}" if ref else "",
            promotion_id=promotion_id,
            policy=clean(policy),
            rule_id=rule_id,
            rule_version=clean(rule_version),
            approver=self.name_id("person", approver),
            actor=self.name_id("person", actor),
            because=clean(because),
            reason=self.name_id("text", reason),
            evidence=clean(written_evidence(evidence or {})),
            expires_at=expires_at,
            previous=previous,
        )
        execute(self._connection, _ADD, *_values(replace(row, hash=row_hash(previous, row))))

    def name_id(self, kind: str, value: str) -> str:
        """The random id that stands for a person or a text, made when there is none; "" for nothing."""
        value = clean(value)
        if not value:
            return ""
        digest = sha256(value.encode()).hexdigest()
        if found := fetch(self._connection, _NAME, kind, digest):
            return str(found[0][0])
        number = f"{kind[0]}-{secrets.token_hex(8)}"
        execute(self._connection, _ADD_NAME, number, kind, value, digest)
        return number

    def rows(self, after: int, limit: int) -> list[Row]:
        """See the protocol."""
        return [_row(values) for values in fetch(self._connection, _ROWS, after, limit)]

    def newest(self) -> Head | None:
        """See the protocol."""
        found = fetch(self._connection, _NEWEST)
        return Head(*found[0]) if found else None

    def heads(self) -> list[Head]:
        """See the protocol."""
        return [Head(seq, hashed, moment(at)) for seq, hashed, at in fetch(self._connection, _HEADS)]

    def published(self, head: Head, place: str) -> None:
        """See the protocol."""
        at = micros(head.published_at or self._clock.now())
        execute(self._connection, _PUBLISHED, head.seq, head.hash, at, clean(place))

    def leases(self, promotion_id: int) -> list[Lease]:
        """See the protocol."""
        newest: dict[int, Lease | None] = {}
        for number, incident, policy, version, at, expires, ended, because in fetch(
            self._connection, _LEASES, promotion_id
        ):
            lease = Lease(number, incident, promotion_id, policy, version, moment(at), moment_or_none(expires))
            if ended is None:
                newest[incident] = lease
            else:
                newest[incident] = replace(lease, lapsed_at=moment(ended)) if because == Ending.LAPSED else None
        found = {one.exclusion: one for one in newest.values() if one is not None}
        for number, kind, at, expires in fetch(self._connection, _LEASE_ROWS, promotion_id):
            if number in found:
                warned = moment(at) if kind == RowKind.WARNED else None
                found[number] = replace(found[number], warned_at=warned, expires_at=moment_or_none(expires))
        return [found[number] for number in sorted(found)]

    def lease_row(
        self, lease: Lease, kind: str, at: datetime, expires_at: datetime, evidence: Mapping[str, Any]
    ) -> None:
        """See the protocol."""
        self.add(
            RowKind(kind),
            lease.incident_id,
            lease.promotion_id,
            at,
            policy=lease.policy,
            rule_version=lease.rule_version,
            exclusion=lease.exclusion,
            evidence=evidence,
            expires_at=expires_at,
        )

    def names(self) -> dict[str, str]:
        """See the protocol."""
        return {str(number): str(value) for number, value in fetch(self._connection, _NAMES)}

    def forget(self, name: str) -> int:
        """See the protocol."""
        wanted = clean(name).strip().casefold()
        gone = [
            number
            for number, kind, value in fetch(self._connection, _ALL_NAMES)
            if (value.casefold() == wanted if kind == "person" else wanted in value.casefold())
        ]
        for number in gone:
            execute(self._connection, _FORGET, number)
        return len(gone)


def _values(row: Row) -> tuple[Any, ...]:
    stored: dict[str, int | None] = {
        "id": row.seq,
        "at": micros(row.at),
        "recorded_at": micros(row.recorded_at),
        "expires_at": micros_or_none(row.expires_at),
    }
    return tuple(stored[name] if name in stored else getattr(row, name) for name in _COLUMNS)


def _row(values: tuple[Any, ...]) -> Row:
    fields: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
    fields |= {
        "at": moment(fields["at"]),
        "recorded_at": moment(fields["recorded_at"]),
        "expires_at": moment_or_none(fields["expires_at"]),
    }
    return Row(seq=fields.pop("id"), **fields)
