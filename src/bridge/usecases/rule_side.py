"""A set of rules over what the store knows, whether they are in force or not. Writes nothing into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from bridge.model.incident import GroupRow, Incident, SavedIncident
from bridge.ports import UnitOfWork
from bridge.repositories import Groups, Incidents, Ledger, Promotions
from bridge.rules.decision import Decision, GroupView
from bridge.rules.matching import CompiledRule, group_key, group_label
from bridge.rules.ruleset import RuleSet
from bridge.rules.schema import Mode
from bridge.rules.similar import Representatives, whereabouts
from bridge.usecases.configured import Configured
from bridge.usecases.promote import Touched, join_groups, see

Where = tuple[tuple[str, str, str], ...]
"""Rules that cover an incident, in the order in which they claim: id, group key, group label."""


class OwnGroups(Protocol):
    """Groups beside the store: what deciding asks of bridge.repositories.Groups, and where an incident is."""

    def join(self, rows: Sequence[GroupRow]) -> None:
        """Adds incidents to groups."""

    def placed(self, rule_id: str, incident_id: int) -> str | None:
        """The key of the group that an incident is in."""


Scratch = Callable[[Incidents], AbstractContextManager[OwnGroups]]


@dataclass(frozen=True, slots=True)
class _Layered:
    """Groups of rules in force from the store, those of the others from beside it: what deciding asks for."""

    stored: Groups
    own: Groups
    fresh: frozenset[str]

    def _of(self, rule_id: str) -> Groups:
        return self.own if rule_id in self.fresh else self.stored

    def join(self, rows: Sequence[GroupRow]) -> None:
        self.own.join(rows)

    def latest(
        self, rule_id: str, group_key: str, limit: int, until: datetime | None = None
    ) -> list[tuple[int, Incident]]:
        return self._of(rule_id).latest(rule_id, group_key, limit, until)

    def still_open(
        self, rule_id: str, group_key: str, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[tuple[int, Incident]]:
        return self._of(rule_id).still_open(rule_id, group_key, limit, after)

    def opened(self, rule_id: str, group_key: str, since: datetime, before: datetime, limit: int) -> int:
        return self._of(rule_id).opened(rule_id, group_key, since, before, limit)

    def size(self, rule_id: str, group_key: str) -> int:
        return self._of(rule_id).size(rule_id, group_key)

    def keys(self, rule_id: str) -> list[str]:
        return self._of(rule_id).keys(rule_id)


@dataclass(frozen=True, slots=True)
class _View:
    """As much of a bridge.ports.UnitOfWork as grouping and deciding need; nothing in it writes to the store."""

    incidents: Incidents
    groups: _Layered
    similar: Representatives
    promotions: Promotions
    ledger: Ledger

    def as_uow(self) -> UnitOfWork:
        return cast("UnitOfWork", self)


@dataclass(frozen=True, slots=True)
class Side:
    """One set of rules over the store. `fresh` has those of its rules whose groups the store does not have."""

    configured: Configured
    fresh: Configured
    _view: _View
    _own: OwnGroups
    _store: UnitOfWork

    @property
    def rules(self) -> RuleSet:
        """All its rules."""
        return self.configured.rules

    def take(self, rows: Sequence[tuple[int, Incident]]) -> None:
        """Groups a part of the incidents, as the activation of a rule does."""
        if self.fresh.rules.rules:
            join_groups(self._view.as_uow(), self.fresh, [SavedIncident(one, incident, None) for one, incident in rows])

    def where(self, number: int, incident: Incident) -> Where:
        """Which rules cover an incident; those that are off do not."""
        found = []
        for rule in self.rules.matching(incident):
            own = group_key(rule, incident)
            if own is None or rule.mode is Mode.OFF:
                continue
            key = own
            if rule.rule.similar is not None:
                placed = self._own.placed(rule.id, number)
                key = placed or whereabouts(self._store.similar, rule, number, own)
            found.append((rule.id, key, group_label(rule, incident, key)))
        return tuple(found)

    def look(self, rule: CompiledRule, key: str, now: datetime) -> tuple[GroupView, Decision] | None:
        """What is decided about a group now."""
        return see(self._view.as_uow(), self.configured, Touched(rule, key, ()), now)

    def size(self, rule_id: str, key: str) -> int:
        """How many incidents a group has."""
        return self._view.groups.size(rule_id, key)

    def keys(self, rule_id: str) -> list[str]:
        """The rule's groups, none when it is not there."""
        rule = self.rules.get(rule_id)
        return [] if rule is None or rule.rule.when.schedule is not None else self._view.groups.keys(rule_id)


def side_of(uow: UnitOfWork, configured: Configured, rules: RuleSet, touched: frozenset[str], own: OwnGroups) -> Side:
    """A set of rules over the store; `touched` are the rules whose groups may be asked for, `own` is empty."""
    fresh = [
        rule for rule in rules.rules if rule.id in touched and uow.ledger.activated_at(rule.id, rule.version) is None
    ]
    groups = _Layered(uow.groups, cast("Groups", own), frozenset(rule.id for rule in fresh))
    view = _View(uow.incidents, groups, Representatives(), uow.promotions, uow.ledger)
    return Side(replace(configured, rules=rules), replace(configured, rules=RuleSet(fresh)), view, own, uow)
