"""When a rule's resolutions were sent: what keeps them at their pace, also over restarts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bridge.store.sql import execute, fetch
from bridge.store.values import clean, micros, moment, short

_RELEASE = (
    "INSERT INTO released_resolution (effect_id, rule_id, released_at)"
    " SELECT id, ?, ? FROM effect WHERE unique_key = ? ON CONFLICT DO NOTHING"
)
_FORGET = (
    "DELETE FROM released_resolution WHERE rule_id = ? AND released_at < ? AND effect_id NOT IN"
    " (SELECT id FROM effect WHERE state IN ('ready', 'running'))"
)
KEPT = timedelta(days=2)
"""Longer than any pace is."""
# One that is still to be sent, or is just being sent, may be so at any moment from now on.
_TAKEN = (
    "SELECT CASE WHEN e.state IN ('ready', 'running') THEN ? ELSE coalesce(e.finished_at, r.released_at) END AS at"
    " FROM released_resolution r JOIN effect e ON e.id = r.effect_id"
    " WHERE r.rule_id = ? AND (e.state IN ('ready', 'running') OR coalesce(e.finished_at, r.released_at) > ?)"
    " ORDER BY at DESC LIMIT ?"
)


class StoredResolutions:
    """Implements bridge.repositories.Resolutions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def release(self, rule_id: str, unique: str, at: datetime) -> None:
        """See the protocol. What is too old to matter is forgotten."""
        execute(self._connection, _FORGET, clean(rule_id), micros(at - KEPT))
        execute(self._connection, _RELEASE, clean(rule_id), micros(at), short(unique))

    def taken(self, rule_id: str, since: datetime, now: datetime, limit: int) -> list[datetime]:
        """See the protocol."""
        found = fetch(self._connection, _TAKEN, micros(now), clean(rule_id), micros(since), limit)
        return [moment(at) for (at,) in found]
