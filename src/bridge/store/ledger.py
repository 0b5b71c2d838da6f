"""Small durable facts: cursors, rule activations, parked items, the audit trail."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bridge.model.incident import Poison
from bridge.ports import Clock
from bridge.store import tables
from bridge.store.sql import execute, execute_many, fetch, insert_text, upsert_text
from bridge.store.values import clean, micros, moment, short, to_json

_CURSOR = "SELECT value FROM cursor WHERE system = ? AND feed = ? AND tracker = 'redmine' AND instance = 'main'"
_SET_CURSOR = upsert_text(tables.cursor, ("system", "feed", "tracker", "instance", "value", "moved_at"))
_ACTIVATION = "SELECT active_since FROM rule_activation WHERE rule_id = ? AND version = ?"
_ACTIVATE = upsert_text(tables.rule_activation, ("rule_id", "version", "active_since"))
_ACTIVE = "SELECT rule_id FROM rule_activation"
_FORGET = "DELETE FROM rule_activation WHERE rule_id = ?"
_META = "SELECT value FROM meta WHERE name = ?"
_SET_META = insert_text(tables.meta, ("name", "value"))
_PARK = (
    insert_text(tables.parked, ("source", "external_id", "error", "raw", "first_at", "last_at", "times"))
    + " ON CONFLICT (source, external_id, error)"
    " DO UPDATE SET raw = excluded.raw, last_at = excluded.last_at, times = parked.times + 1"
)
_AUDIT = insert_text(tables.audit, ("at", "actor", "action", "subject", "detail"))


class StoredLedger:
    """Implements bridge.repositories.Ledger."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def cursor(self, system: str, feed: str) -> str | None:
        """See the protocol."""
        found = fetch(self._connection, _CURSOR, clean(system), clean(feed))
        return found[0][0] if found else None

    def set_cursor(self, system: str, feed: str, value: str) -> None:
        """See the protocol."""
        now = micros(self._clock.now())
        execute(self._connection, _SET_CURSOR, clean(system), clean(feed), "redmine", "main", clean(value), now)

    def known_instance(self) -> str:
        """What `instance` gives, "" when the store has no name yet. Writes nothing."""
        found = fetch(self._connection, _META, "instance")
        return str(found[0][0]) if found else ""

    def instance(self) -> str:
        """See the protocol."""
        if known := self.known_instance():
            return known
        execute(self._connection, _SET_META, "instance", secrets.token_hex(3))
        return self.instance()

    def activated_at(self, rule_id: str, version: str) -> datetime | None:
        """See the protocol."""
        found = fetch(self._connection, _ACTIVATION, clean(rule_id), clean(version))
        return moment(found[0][0]) if found else None

    def active_rules(self) -> frozenset[str]:
        """See the protocol."""
        return frozenset(rule_id for (rule_id,) in fetch(self._connection, _ACTIVE))

    def forget_rules(self, rule_ids: Collection[str]) -> None:
        """See the protocol."""
        execute_many(self._connection, _FORGET, [(clean(rule_id),) for rule_id in sorted(rule_ids)])

    def activate_rule(self, rule_id: str, version: str, at: datetime) -> datetime:
        """See the protocol."""
        known = self.activated_at(rule_id, version)
        if known is not None:
            return known
        execute(self._connection, _ACTIVATE, clean(rule_id), clean(version), micros(at))
        return at

    def park(self, source: str, poison: Sequence[Poison], at: datetime) -> None:
        """See the protocol. The same item with the same error is one row that counts."""
        now = micros(at)
        execute_many(
            self._connection,
            _PARK,
            [
                (clean(source), short(item.external_id), short(item.error), clean(item.raw), now, now, 1)
                for item in poison
            ],
        )

    def audit(self, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """See the protocol."""
        execute(self._connection, _AUDIT, micros(at), clean(actor), clean(action), clean(subject), to_json(detail))
