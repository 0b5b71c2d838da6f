"""Promotions: states, transitions as data, and what belongs to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bridge.model.errors import InvalidTransition


class PromotionState(StrEnum):
    """Where a promotion stands."""

    CANDIDATE = "candidate"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    EXPIRED = "expired"
    OPENING = "opening"
    BLOCKED = "blocked"
    ACTIVE = "active"
    DELIVERED = "delivered"
    VERIFIED = "verified"
    INEFFECTIVE = "ineffective"
    DEMOTED = "demoted"
    MERGED = "merged"


_S = PromotionState
TRANSITIONS: dict[PromotionState, frozenset[PromotionState]] = {
    _S.CANDIDATE: frozenset({_S.DEFERRED, _S.REJECTED, _S.EXPIRED, _S.OPENING, _S.MERGED}),
    _S.DEFERRED: frozenset({_S.CANDIDATE, _S.REJECTED, _S.EXPIRED, _S.OPENING, _S.MERGED}),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset({_S.CANDIDATE}),
    _S.OPENING: frozenset({_S.ACTIVE, _S.BLOCKED, _S.DEMOTED}),
    _S.BLOCKED: frozenset({_S.OPENING, _S.ACTIVE, _S.DELIVERED, _S.DEMOTED}),
    _S.ACTIVE: frozenset({_S.BLOCKED, _S.DELIVERED, _S.DEMOTED, _S.MERGED}),
    _S.DELIVERED: frozenset({_S.ACTIVE, _S.BLOCKED, _S.VERIFIED, _S.INEFFECTIVE, _S.DEMOTED}),
    _S.VERIFIED: frozenset({_S.INEFFECTIVE}),
    _S.INEFFECTIVE: frozenset({_S.ACTIVE}),
    _S.DEMOTED: frozenset(),
    _S.MERGED: frozenset(),
}

WAITING = frozenset({_S.CANDIDATE, _S.DEFERRED})
RUNNING = frozenset({_S.OPENING, _S.BLOCKED, _S.ACTIVE})
TURNED_DOWN = frozenset({_S.REJECTED, _S.DEMOTED})
"""A person said that this is no project: its group stays silent for a while."""
HANDED_OVER = frozenset({_S.DELIVERED, _S.VERIFIED, _S.INEFFECTIVE})
"""A project that was delivered, whatever was found about it since."""
CLAIMING = WAITING | RUNNING | {_S.DELIVERED, _S.INEFFECTIVE}
"""While a promotion is in one of these, its incidents belong to it."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A rule's finding about one group, or a person's nomination (`rule_id` is empty), and what became of it.

    `decided_at` is when it was approved, rejected, merged or demoted; `opened_at` the moment of approval, from
    which the exclusion of its incidents' time runs. `project_id`, `identifier` and `root_issue_id` are Redmine's,
    None or empty until they exist. `attention` is what a person is asked to look at, empty when nothing is. `terms`
    keeps what the rule asked for when the promotion was made (`open`, `later`, `on_delivery`, `kpi`): a later
    change of the rule does not change them. `owner`, `objective`, `due`, `template` and `impact` are the form that
    people fill in before they decide. `proposed_by` is who nominated it, empty for a rule. `waiting_since` is when
    it last became a candidate, None: since `created_at`. `from_history` is true as long as a candidate rests on
    nothing but what a new rule found in the past: nobody is told of it one by one. `merged_into` is the promotion
    that took it in. `made` maps what was made in the tracker beside issues to its id there (`version:fixed`).
    `tracker` is where its project is, empty in a replay: there it is nowhere, and `id` is no number to tell.
    """

    id: int
    rule_id: str
    rule_version: str
    source: str
    group_key: str
    label: str
    name: str
    state: PromotionState
    reason: str
    created_at: datetime
    decided_at: datetime | None = None
    opened_at: datetime | None = None
    delivered_at: datetime | None = None
    owner: str = ""
    identifier: str = ""
    project_id: int | None = None
    root_issue_id: int | None = None
    approved_by: str = ""
    decision_note: str = ""
    attention: str = ""
    terms: Mapping[str, str] = field(default_factory=dict)
    objective: str = ""
    due: date | None = None
    template: str = ""
    impact: str = ""
    proposed_by: str = ""
    waiting_since: datetime | None = None
    deferred_until: datetime | None = None
    merged_into: int | None = None
    from_history: bool = False
    made: Mapping[str, int] = field(default_factory=dict)
    tracker: str = "redmine"


def move(promotion: Promotion, to: PromotionState) -> Promotion:
    """The promotion in its next state.

    Raises InvalidTransition when the life cycle has no such step; moving to the present state changes nothing.
    """
    if to == promotion.state:
        return promotion
    if to not in TRANSITIONS[promotion.state]:
        allowed = ", ".join(sorted(TRANSITIONS[promotion.state])) or "nothing: this is an end"
        raise InvalidTransition(
            f"promotion {promotion.id} “{promotion.name}”",
            f"is {promotion.state} and cannot become {to}.",
            f"Possible now: {allowed}.",
        )
    return replace(promotion, state=to)


class TaskKind(StrEnum):
    """What an issue in a promotion's project stands for."""

    ROOT = "root"
    WORK = "work"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Task:
    """An issue that the bridge creates in a project. `key` is unique within the promotion (`root`, `1.2`, `rt#17`).

    `gate` says what the task guards and how that stands, see bridge.planning.gates; empty for any other task.
    """

    promotion_id: int
    key: str
    kind: TaskKind
    subject: str
    issue_id: int | None = None
    status: str = ""
    gate: Mapping[str, Any] = field(default_factory=dict)


REMOVED = "removed"
"""The status of a task that people removed."""


class Role(StrEnum):
    """Why an incident belongs to a promotion."""

    EVIDENCE = "evidence"  # it was resolved when the project was opened: never written to
    OPEN = "open"  # still open then: has its own issue
    LATER = "later"  # arrived while the project was open


@dataclass(frozen=True, slots=True)
class Member:
    """An incident's membership in a promotion."""

    promotion_id: int
    incident_id: int
    role: Role
    joined_at: datetime
