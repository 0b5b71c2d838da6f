"""Intervals of an incident's life that do not count in the adjusted KPIs, as the rows of the ledger add up to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.kpi.adjusted import Interval
from bridge.kpi.ledger import RowKind
from bridge.model.exclusion import Exclusion
from bridge.store.kpi_ledger import StoredKpiLedger
from bridge.store.sql import fetch, listed, select_text
from bridge.store.values import moment, moment_or_none

_COLUMNS = (
    *("id", "incident_id", "promotion_id", "policy", "started_at", "ended_at", "started_because", "rule_version"),
    "ended_because",
)
_OF_INCIDENTS = select_text(_COLUMNS, "FROM exclusion WHERE incident_id @among ORDER BY started_at, id")
_OF_PROMOTION = select_text(_COLUMNS, "FROM exclusion WHERE promotion_id = ? ORDER BY started_at, id")
_ALL = select_text(_COLUMNS, "FROM exclusion ORDER BY started_at, id")
_RUNNING = (
    "SELECT id, policy, rule_version FROM exclusion WHERE incident_id = ? AND promotion_id = ? AND ended_at IS NULL"
)
_MEMBERS = (
    "SELECT i.source, i.external_id FROM promotion_member m JOIN incident i ON i.id = m.incident_id"
    " WHERE m.promotion_id = ? ORDER BY i.id LIMIT 20"
)
_SIZE = "SELECT count(*) FROM promotion_member WHERE promotion_id = ?"
_HOLDS = (
    "SELECT incident_id, kind, at, promotion_id, exclusion, policy, rule_version FROM kpi_ledger"
    " WHERE incident_id @among AND kind IN ('held', 'released') ORDER BY id"
)
_ALL_HOLDS = "SELECT incident_id, kind, at FROM kpi_ledger WHERE kind IN ('held', 'released') ORDER BY id"
_POLICY = "SELECT rule_version FROM promotion WHERE id = ?"


class StoredExclusions:
    """Implements bridge.repositories.Exclusions."""

    def __init__(self, connection: Connection, ledger: StoredKpiLedger) -> None:
        self._connection = connection
        self._ledger = ledger

    def start(
        self,
        incident_id: int,
        promotion_id: int,
        policy: str,
        at: datetime,
        why: str,
        rule_version: str,
        *,
        expires_at: datetime | None = None,
    ) -> None:
        """See the protocol."""
        if self._running(incident_id, promotion_id) is not None:
            return
        members = [f"{source} #{number}" for source, number in fetch(self._connection, _MEMBERS, promotion_id)]
        size = fetch(self._connection, _SIZE, promotion_id)[0][0]
        self._ledger.add(
            RowKind.STARTED,
            incident_id,
            promotion_id,
            at,
            policy=policy,
            rule_version=rule_version,
            because="promoted",
            reason=why,
            evidence={"incidents": members, "of": size},
            expires_at=expires_at,
        )

    def of_incidents(self, incident_ids: Sequence[int]) -> dict[int, list[Exclusion]]:
        """See the protocol."""
        found: dict[int, list[Exclusion]] = {}
        for row in fetch(self._connection, _OF_INCIDENTS, listed(self._connection, incident_ids)):
            exclusion = _exclusion(row)
            found.setdefault(exclusion.incident_id, []).append(exclusion)
        return found

    def of_promotion(self, promotion_id: int) -> list[Exclusion]:
        """See the protocol."""
        return [_exclusion(row) for row in fetch(self._connection, _OF_PROMOTION, promotion_id)]

    def all(self) -> list[Exclusion]:
        """See the protocol."""
        return [_exclusion(row) for row in fetch(self._connection, _ALL)]

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str, actor: str = "") -> None:
        """See the protocol."""
        running = self._running(incident_id, promotion_id)
        if running is None:
            return
        number, policy, version = running
        self._ledger.add(
            RowKind.ENDED,
            incident_id,
            promotion_id,
            at,
            policy=policy,
            rule_version=version,
            exclusion=number,
            because=why,
            actor=actor,
        )

    def hold(self, incident_id: int, promotion_id: int, at: datetime) -> None:
        """See the protocol."""
        if incident_id in self.held([incident_id]):
            return
        running = self._running(incident_id, promotion_id)
        version = fetch(self._connection, _POLICY, promotion_id)
        number, policy, rule_version = running or (0, "none", version[0][0] if version else "")
        self._ledger.add(
            RowKind.HELD, incident_id, promotion_id, at, policy=policy, rule_version=rule_version, exclusion=number
        )

    def release(self, incident_id: int, at: datetime, why: str) -> None:
        """See the protocol."""
        rows = self._hold_rows([incident_id])
        if not rows or rows[-1][1] != RowKind.HELD:
            return
        _, _, _, promotion_id, number, policy, version = rows[-1]
        self._ledger.add(
            RowKind.RELEASED,
            incident_id,
            promotion_id,
            at,
            policy=policy,
            rule_version=version,
            exclusion=number,
            because=why,
        )

    def held(self, incident_ids: Collection[int]) -> dict[int, int]:
        """See the protocol."""
        found: dict[int, int] = {}
        for incident, kind, _, promotion_id, *_ in self._hold_rows(incident_ids):
            if kind == RowKind.HELD:
                found[incident] = promotion_id
            else:
                found.pop(incident, None)
        return found

    def holds(self, incident_ids: Collection[int] | None = None) -> dict[int, tuple[Interval, ...]]:
        """See the protocol."""
        found: dict[int, list[Interval]] = {}
        rows = fetch(self._connection, _ALL_HOLDS) if incident_ids is None else self._hold_rows(incident_ids)
        for incident, kind, at, *_ in rows:
            there = found.setdefault(incident, [])
            if kind == RowKind.HELD:
                there.append((moment(at), None))
            else:
                there[-1] = (there[-1][0], moment(at))
        return {incident: tuple(those) for incident, those in found.items()}

    def _hold_rows(self, incident_ids: Collection[int]) -> list[tuple[Any, ...]]:
        return fetch(self._connection, _HOLDS, listed(self._connection, incident_ids))

    def _running(self, incident_id: int, promotion_id: int) -> tuple[int, str, str] | None:
        found = fetch(self._connection, _RUNNING, incident_id, promotion_id)
        return (found[0][0], found[0][1], found[0][2]) if found else None


def _exclusion(row: tuple[Any, ...]) -> Exclusion:
    number, incident, promotion, policy, start, end, why, version, because = row
    return Exclusion(incident, promotion, policy, moment(start), moment_or_none(end), why, version, because, number)
