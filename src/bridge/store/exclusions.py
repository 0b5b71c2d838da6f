"""Intervals of an incident's life that do not count in the adjusted KPIs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bridge.model.exclusion import Exclusion
from bridge.store import tables
from bridge.store.sql import execute, fetch, insert_text, listed, select_text
from bridge.store.values import clean, micros, moment, moment_or_none

_COLUMNS = (
    "incident_id", "promotion_id", "policy", "started_at", "started_because", "rule_version", "ended_because",
)  # fmt: skip
_START = insert_text(tables.exclusion, _COLUMNS) + " ON CONFLICT DO NOTHING"
_OF_INCIDENTS = select_text(
    ("incident_id", "promotion_id", "policy", "started_at", "ended_at", "started_because", "rule_version"),
    "FROM exclusion WHERE incident_id @among ORDER BY started_at, id",
)
_END = (
    "UPDATE exclusion SET ended_at = ?, ended_because = ?"
    " WHERE promotion_id = ? AND incident_id = ? AND ended_at IS NULL"
)


class StoredExclusions:
    """Implements bridge.repositories.Exclusions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self, incident_id: int, promotion_id: int, policy: str, at: datetime, why: str, rule_version: str
    ) -> None:
        """See the protocol."""
        execute(
            self._connection,
            _START,
            incident_id,
            promotion_id,
            clean(policy),
            micros(at),
            clean(why),
            clean(rule_version),
            "",
        )

    def of_incidents(self, incident_ids: Sequence[int]) -> dict[int, list[Exclusion]]:
        """See the protocol."""
        found: dict[int, list[Exclusion]] = {}
        for incident_id, promotion_id, policy, start, end, why, version in fetch(
            self._connection, _OF_INCIDENTS, listed(self._connection, incident_ids)
        ):
            exclusion = Exclusion(incident_id, promotion_id, policy, moment(start), moment_or_none(end), why, version)
            found.setdefault(incident_id, []).append(exclusion)
        return found

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str) -> None:
        """See the protocol."""
        execute(self._connection, _END, micros(at), clean(why), promotion_id, incident_id)
