"""What a replay keeps of promotions, as far as decisions look at it: the store's repositories in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, cast

from bridge.kpi.facts import IncidentFacts, Measured
from bridge.model.exclusion import Exclusion
from bridge.model.incident import Incident
from bridge.model.promotion import CLAIMING, RUNNING, Member, Promotion, PromotionState, Role
from bridge.ports import UnitOfWork
from bridge.usecases.backtest.members import Known
from bridge.usecases.backtest.near import Trace

_ZERO = timedelta(0)
_PASSED_OVER = frozenset({PromotionState.MERGED})


@dataclass(slots=True)
class BookedPromotions:
    """The part of bridge.repositories.Promotions that deciding needs."""

    all: list[Promotion] = field(default_factory=list)
    _of_group: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _of_rule: dict[str, list[int]] = field(default_factory=dict)
    _members: list[dict[int, Member]] = field(default_factory=list)
    _claims: dict[int, list[int]] = field(default_factory=dict)

    def add(self, promotion: Promotion) -> Promotion:
        """See the protocol. It is in no tracker, and its number is this replay's own."""
        added = replace(promotion, id=len(self.all), tracker="")
        self.all.append(added)
        self._members.append({})
        self._of_group.setdefault((added.rule_id, added.group_key), []).append(added.id)
        self._of_rule.setdefault(added.rule_id, []).append(added.id)
        return added

    def save(self, promotion: Promotion) -> None:
        """See the protocol."""
        self.all[promotion.id] = promotion

    def get(self, promotion_id: int) -> Promotion:
        """See the protocol."""
        return self.all[promotion_id]

    def of_group(self, rule_id: str, group_key: str) -> Promotion | None:
        """See the protocol."""
        for number in reversed(self._of_group.get((rule_id, group_key), ())):
            if self.all[number].state not in _PASSED_OVER:
                return self.all[number]
        return None

    def of_rule(self, rule_id: str, states: Iterable[PromotionState], limit: int) -> list[Promotion]:
        """See the protocol."""
        wanted = frozenset(states)
        found = (self.all[number] for number in reversed(self._of_rule.get(rule_id, ())))
        return [one for one in found if one.state in wanted][:limit]

    def of_incident(self, incident_id: int) -> Promotion | None:
        """See the protocol: the newest, should there be several."""
        for number in sorted(self._claims.get(incident_id, ()), reverse=True):
            if self.all[number].state in CLAIMING:
                return self.all[number]
        return None

    def claims(self, incident_ids: Iterable[int]) -> dict[int, Promotion]:
        """See the protocol."""
        found = ((one, self.of_incident(one)) for one in incident_ids)
        return {one: promotion for one, promotion in found if promotion is not None}

    def openings(self, rule_id: str, limit: int) -> list[datetime]:
        """See the protocol."""
        opened = [self.all[number].opened_at for number in self._of_rule.get(rule_id, ())]
        return sorted((at for at in opened if at is not None), reverse=True)[:limit]

    def running_in_group(self, rule_id: str, group_key: str) -> int:
        """See the protocol."""
        return sum(self.all[number].state in RUNNING for number in self._of_group.get((rule_id, group_key), ()))

    def add_member(self, member: Member) -> bool:
        """See the protocol."""
        members = self._members[member.promotion_id]
        new = member.incident_id not in members
        members[member.incident_id] = member
        if new:
            self._claims.setdefault(member.incident_id, []).append(member.promotion_id)
        return new

    def members(self, promotion_id: int) -> list[Member]:
        """See the protocol."""
        return sorted(self._members[promotion_id].values(), key=lambda one: one.incident_id)

    def role(self, promotion_id: int, incident_id: int) -> Role:
        """Why an incident belongs to a promotion, to which it does."""
        return self._members[promotion_id][incident_id].role

    def has_member(self, promotion_id: int, incident_id: int) -> bool:
        """Whether an incident belongs to a promotion."""
        return incident_id in self._members[promotion_id]


@dataclass(frozen=True, slots=True)
class BookedGroups:
    """The part of bridge.repositories.Groups that deciding needs."""

    known: Known
    trace: Callable[[str, str], Trace | None]

    def latest(
        self, rule_id: str, group_key: str, limit: int, until: datetime | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol."""
        trace = self.trace(rule_id, group_key)
        newest = trace.newest(limit, until) if trace else []
        return [(incident, self.known.incident(incident)) for incident in newest]

    def still_open(
        self, rule_id: str, group_key: str, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[tuple[int, Incident]]:
        """See the protocol."""
        trace = self.trace(rule_id, group_key)
        found = (one for one in trace.after(after) if self.known.is_open(one)) if trace else iter(())
        return [(incident, self.known.incident(incident)) for incident in islice(found, limit)]

    def size(self, rule_id: str, group_key: str) -> int:
        """See the protocol."""
        trace = self.trace(rule_id, group_key)
        return len(trace.entries) if trace else 0

    def opened(self, rule_id: str, group_key: str, since: datetime, before: datetime, limit: int) -> int:
        """See the protocol."""
        trace = self.trace(rule_id, group_key)
        return min(trace.opened(since, before), limit) if trace else 0


@dataclass(frozen=True, slots=True)
class BookedIncidents:
    """The part of bridge.repositories.Incidents that deciding needs."""

    known: Known

    def get(self, incident_id: int) -> Incident:
        """See the protocol."""
        return self.known.incident(incident_id)

    def many(self, incident_ids: Iterable[int]) -> dict[int, Incident]:
        """See the protocol."""
        return {one: self.known.incident(one) for one in incident_ids}

    def facts_of(self, incident_ids: Iterable[int]) -> dict[int, IncidentFacts]:
        """See the protocol: as far as they tell since when it is on hold, and when it was taken up."""
        return {one: self._facts(one) for one in incident_ids}

    def _facts(self, incident: int) -> IncidentFacts:
        known = self.known
        opened, responded = known.history.opened[incident], known.responded_at(incident)
        held = known.held_since(incident)
        return Measured(opened, responded, None, None, _ZERO, _ZERO, _ZERO, {}, held, "", "", None)


@dataclass(slots=True)
class BookedExclusions:
    """Intervals that do not count, by incident."""

    of: dict[int, list[Exclusion]] = field(default_factory=dict)

    def start(
        self,
        incident_id: int,
        promotion_id: int,
        policy: str,
        at: datetime,
        why: str,
        rule_version: str,
        *,
        expires_at: datetime | None = None,  # noqa: ARG002 - in a replay every project goes on
    ) -> None:
        """See the protocol."""
        there = self.of.setdefault(incident_id, [])
        if not any(one.promotion_id == promotion_id and one.ended_at is None for one in there):
            there.append(Exclusion(incident_id, promotion_id, policy, at, None, why, rule_version))

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str, actor: str = "") -> None:  # noqa: ARG002 - nobody acts
        """See the protocol."""
        there = self.of.get(incident_id, [])
        running = [one.promotion_id == promotion_id and one.ended_at is None for one in there]
        self.of[incident_id] = [
            replace(one, ended_at=at, ended_because=why) if ends else one
            for one, ends in zip(there, running, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class BookedLedger:
    """The part of bridge.repositories.Ledger that deciding needs. The audit trail of a replay is its result."""

    activated: Callable[[str], datetime]

    def activated_at(self, rule_id: str, version: str) -> datetime | None:  # noqa: ARG002 - one version is replayed
        """See the protocol."""
        return self.activated(rule_id)

    def audit(self, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
        """See the protocol: nothing is kept."""


@dataclass(frozen=True, slots=True)
class Book:
    """As much of a bridge.ports.UnitOfWork as deciding needs, and what people and rules did in it."""

    promotions: BookedPromotions
    groups: BookedGroups
    incidents: BookedIncidents
    exclusions: BookedExclusions
    ledger: BookedLedger

    def excluded_by(self, rule_id: str) -> dict[int, list[Exclusion]]:
        """The time that the promotions of a rule excluded or, had it asked for that, would have excluded."""
        found: dict[int, list[Exclusion]] = {}
        for incident, those in self.exclusions.of.items():
            own = [one for one in those if self.promotions.get(one.promotion_id).rule_id == rule_id]
            if own:
                found[incident] = own
        return found

    def as_uow(self) -> UnitOfWork:
        """The book for use cases that decide. They find here what they ask for, and nothing else."""
        return cast("UnitOfWork", self)


def open_book(known: Known, trace: Callable[[str, str], Trace | None], activated: Callable[[str], datetime]) -> Book:
    """An empty one."""
    return Book(
        BookedPromotions(),
        BookedGroups(known, trace),
        BookedIncidents(known),
        BookedExclusions(),
        BookedLedger(activated),
    )
