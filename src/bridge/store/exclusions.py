"""Intervals of an incident's life that do not count in the adjusted KPIs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bridge.store import tables
from bridge.store.sql import execute, insert_text
from bridge.store.values import clean, micros

_COLUMNS = (
    "incident_id", "promotion_id", "policy", "started_at", "started_because", "rule_version", "ended_because",
)  # fmt: skip
_START = insert_text(tables.exclusion, _COLUMNS) + " ON CONFLICT DO NOTHING"
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

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str) -> None:
        """See the protocol."""
        execute(self._connection, _END, micros(at), clean(why), promotion_id, incident_id)
