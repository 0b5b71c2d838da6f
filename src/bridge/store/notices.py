"""What waits for the next digest."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.store import notice_tables as tables
from bridge.store.sql import execute_many, fetch, insert_text
from bridge.store.values import frozen, micros, short, to_json

_ADD = (
    insert_text(tables.notice_line, ("digest", "unique_key", "notice", "created_at"))
    + " ON CONFLICT (unique_key) DO NOTHING"
)
_WAITING = "SELECT id, notice FROM notice_line WHERE digest = ? AND told_at IS NULL ORDER BY id"
_TOLD = "UPDATE notice_line SET told_at = ? WHERE id = ?"


class StoredNotices:
    """Implements bridge.repositories.Notices."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, digest: str, unique: str, notice: Mapping[str, Any], at: datetime) -> bool:
        """See the protocol."""
        row = (short(digest), short(unique), to_json(notice), micros(at))
        return execute_many(self._connection, _ADD, [row]) == 1

    def waiting(self, digest: str) -> list[tuple[int, Mapping[str, Any]]]:
        """See the protocol."""
        found = fetch(self._connection, _WAITING, short(digest))
        return [(number, frozen(json.loads(notice))) for number, notice in found]

    def told(self, numbers: Collection[int], at: datetime) -> None:
        """See the protocol."""
        execute_many(self._connection, _TOLD, [(micros(at), number) for number in sorted(numbers)])
