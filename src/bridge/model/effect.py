"""Effects: intended writes to a remote system, stored before they are tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EffectState(StrEnum):
    """Where an effect stands. `ready` ones run when their moment and their turn come; `dead` needs a person."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class EffectSpec:
    """An effect to be stored.

    `kind` names the handler. `key` is the entity written to: effects of one key run in the order they were stored.
    `unique` is the effect's identity for ever: storing it again changes nothing. `after` holds the `unique` of
    effects that must be done first. `endpoint` names the rate limit that applies (`redmine`, `source:rt`).
    `promotion_id` says which promotion is blocked when the effect dies (None: no promotion depends on it).
    """

    kind: str
    key: str
    unique: str
    endpoint: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    run_at: datetime | None = None
    promotion_id: int | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """A stored effect as a worker gets it.

    `attempt` counts from 1. `unsure` is true when an earlier attempt was begun and its outcome is not known
    (the process died, or the answer was lost): the handler looks for its own result before it sends again.
    """

    id: int
    kind: str
    key: str
    unique: str
    endpoint: str
    payload: Mapping[str, Any]
    attempt: int
    unsure: bool
    created_at: datetime
    promotion_id: int | None = None
    state: EffectState = EffectState.RUNNING
    run_at: datetime | None = None
    error: str = ""
