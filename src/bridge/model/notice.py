"""What people are told, and how it is carried to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

NO_VALUES: Mapping[str, Any] = MappingProxyType({})


class NoticeKind(StrEnum):
    """What can be told; the words of `events` in the settings."""

    CANDIDATE = "candidate"
    CANDIDATE_DIGEST = "candidate_digest"
    PROMOTION_OPENED = "promotion_opened"
    OWNER_CHANGED = "owner_changed"
    DELIVERY_HELD_BACK = "delivery_held_back"
    INEFFECTIVE = "ineffective"
    LEASE_WARNING = "lease_warning"
    LEASE_LAPSED = "lease_lapsed"
    LEDGER_HEAD = "ledger_head"
    BRAKE = "brake"
    DEAD_LETTER = "dead_letter"
    ATTENTION = "attention"
    CONFLICT = "conflict"
    TASK_DUE = "task_due"
    TASK_OVERDUE = "task_overdue"
    NO_UPDATE = "no_update"
    SLIP = "slip"
    RESOURCE_CONFLICT = "resource_conflict"
    SLA_ESCALATION = "sla_escalation"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened and that people may be told of; who is, the routes in the settings decide.

    `unique` is its identity within its kind for ever: told again it reaches nobody twice. `name` is what it is about
    (“rt #17: VPN drops”), `detail` sentences in whatever language they were written in. `owner` is the person or team
    of the directory whose it is: owner, team, lead and manager are found from it. `concerned` are those whom the event
    itself means (default: the owner), `roles` the project's people by role. `priority` is 1 … 5 where it has one.
    `values` are for its text: texts, whole and broken numbers, and lists of texts only.
    """

    kind: NoticeKind
    unique: str
    name: str
    detail: str = ""
    url: str = ""
    owner: str = ""
    concerned: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=lambda: NO_VALUES)
    priority: int | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: NO_VALUES)

    def to_plain(self) -> dict[str, Any]:
        """What texts are made from, as JSON can hold it; who is told is not among it."""
        return {
            "kind": str(self.kind),
            "unique": self.unique,
            "name": self.name,
            "detail": self.detail,
            "url": self.url,
            "priority": self.priority,
            "about": dict(self.values),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """One message on its way.

    `key` names it for ever: a channel that can carry a name lets its receiver know a repeat by it. `address` is a
    person's address, empty for a channel that is a room; `mentions` are ids there of people to be called. `at` is the
    present moment, for signatures. `data` is the same for machines.
    """

    key: str
    subject: str
    text: str
    at: datetime
    address: str = ""
    mentions: tuple[str, ...] = ()
    url: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: NO_VALUES)
