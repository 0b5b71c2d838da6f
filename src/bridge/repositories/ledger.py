"""Small durable facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.model.incident import Poison


class Ledger(Protocol):
    """Small durable facts: cursors, rule activations, parked items, the audit trail."""

    def cursor(self, system: str, feed: str) -> str | None:
        """A stored cursor."""

    def set_cursor(self, system: str, feed: str, value: str) -> None:
        """Stores a cursor."""

    def instance(self) -> str:
        """Six hexadecimal digits that tell this store from any other; made when first asked for."""

    def activated_at(self, rule_id: str, version: str) -> datetime | None:
        """When this version of a rule became active, None when it never was."""

    def active_rules(self) -> frozenset[str]:
        """The ids of all rules that are active."""

    def forget_rules(self, rule_ids: Collection[str]) -> None:
        """These rules are configured no more: should they come back, they are new."""

    def activate_rule(self, rule_id: str, version: str, at: datetime) -> datetime:
        """When this version of a rule became active: `at` unless it is the one that is active. One version is."""

    def park(self, source: str, poison: Sequence[Poison], at: datetime) -> None:
        """Stores items that could not be translated."""

    def audit(self, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """Appends to the audit trail."""
