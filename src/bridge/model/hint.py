"""A hook as the bridge takes it: a hint that something changed, never the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified hook tells: look at `entity` of `system` (a source's name, or the tracker's endpoint).

    `delivery` identifies the hook: the same one twice is one. `remote_ids` are the transactions or journals it is
    about, `mark` the newest transaction's number where the system numbers everything that happens to an incident (RT),
    0 elsewhere. `changed_at` is the system's time of the change, None where the hook has none.
    """

    system: str
    entity: str
    delivery: str
    mark: int = 0
    remote_ids: tuple[str, ...] = ()
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitingHint:
    """A stored hint that was not looked at yet."""

    id: int
    hint: Hint
    received_at: datetime


class HintEnd(StrEnum):
    """What became of a hint."""

    TAKEN = "taken"  # the object was re-read and taken in
    LATE = "late"  # a later change of the same was taken in before
    ECHO = "echo"  # about nothing but what the bridge itself wrote
    UNKNOWN = "unknown"  # about something the bridge does not follow
    UNREADABLE = "unreadable"  # it could not be re-read: the poll brings it


@dataclass(frozen=True, slots=True)
class Heard:
    """What hooks told of an entity. `mark`: everything up to this number was re-read. `last`: the newest change's time.

    `received` is when the newest hook came, by our clock; `last` is None where the hooks carry no time.
    """

    mark: int
    last: datetime | None
    received: datetime
