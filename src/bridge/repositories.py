"""The store's repositories as the use cases see them. All belong to one transaction, see bridge.ports.UnitOfWork."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.kpi.facts import IncidentFacts
from bridge.model.effect import Effect, EffectSpec
from bridge.model.exclusion import Exclusion
from bridge.model.incident import GroupRow, Incident, IncidentRef, Poison, SavedIncident, Snapshot, TimelineEvent
from bridge.model.intake import Intake
from bridge.model.link import Link
from bridge.model.promotion import Member, Promotion, PromotionState, Task


class Incidents(Protocol):
    """Incidents, their timeline and their facts."""

    def save(self, snapshots: Sequence[Snapshot], observed_at: datetime) -> list[SavedIncident]:
        """Stores snapshots, appends to the timelines and rebuilds the facts. Returns those that are new or changed.

        Saving the same snapshot again changes nothing. An older snapshot than the stored one does not overwrite it.
        """

    def get(self, incident_id: int) -> Incident:
        """The incident as last seen."""

    def find(self, ref: IncidentRef) -> int | None:
        """The store's id of an incident."""

    def known(self, source: str, external_ids: Sequence[str]) -> frozenset[str]:
        """Which of these the store has."""

    def scan(self, after_id: int, limit: int) -> list[tuple[int, Incident]]:
        """All incidents in the order of their ids, in parts: those with ids above `after_id`."""

    def facts(self, after_id: int, limit: int) -> list[tuple[int, IncidentFacts]]:
        """What the KPIs need of every incident, in the order of their ids, in parts."""

    def many(self, incident_ids: Iterable[int]) -> dict[int, Incident]:
        """Several incidents by id."""

    def facts_of(self, incident_ids: Iterable[int]) -> dict[int, IncidentFacts]:
        """What the timelines of several incidents tell, by id."""

    def timelines(self, incident_ids: Sequence[int]) -> dict[int, list[TimelineEvent]]:
        """The timelines of several incidents by id, each in the order it was stored."""


class Groups(Protocol):
    """Which incident belongs to which group of which rule."""

    def join(self, rows: Sequence[GroupRow]) -> None:
        """Adds or moves incidents to groups: one group per rule and incident."""

    def leave(self, rule_id: str, incident_id: int) -> None:
        """The incident no longer matches the rule."""

    def clear(self, rule_id: str) -> None:
        """Forgets a rule's groups, because its conditions changed."""

    def latest(
        self, rule_id: str, group_key: str, limit: int, until: datetime | None = None
    ) -> list[tuple[int, Incident]]:
        """The newest members by opened_at, newest first; with `until` only those opened by then."""

    def still_open(
        self, rule_id: str, group_key: str, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[tuple[int, Incident]]:
        """The members that are open, by opened_at and id, oldest first, in parts: those `after` such a pair."""

    def opened(self, rule_id: str, group_key: str, since: datetime, before: datetime, limit: int) -> int:
        """How many members were opened in [since, before); counts no further than `limit`."""

    def size(self, rule_id: str, group_key: str) -> int:
        """How many incidents the group has."""

    def keys(self, rule_id: str) -> list[str]:
        """All group keys of a rule."""

    def recent(self, rule_id: str, since: datetime, limit: int) -> list[str]:
        """The keys of the groups with a member opened since a moment, the one with the newest member first."""

    def open_since(self, rule_id: str, before: datetime) -> list[tuple[str, int]]:
        """(group key, incident id) of incidents that are open, in no promotion, and were opened before a moment."""


class Promotions(Protocol):
    """Promotions, their members and tasks."""

    def add(self, promotion: Promotion) -> Promotion:
        """Stores a new one and returns it with its id."""

    def save(self, promotion: Promotion) -> None:
        """Stores the present values."""

    def get(self, promotion_id: int) -> Promotion:
        """One promotion. Raises NotFound."""

    def in_states(self, states: Iterable[PromotionState] | None = None) -> list[Promotion]:
        """Promotions in some states (None: all), oldest first."""

    def of_group(self, rule_id: str, group_key: str) -> Promotion | None:
        """The newest promotion of a group that is not demoted; of a merged one the project that took it in."""

    def of_rule(self, rule_id: str, states: Iterable[PromotionState], limit: int) -> list[Promotion]:
        """The newest promotions of a rule in some states, newest first."""

    def of_incident(self, incident_id: int) -> Promotion | None:
        """The promotion an incident belongs to, None when none claims it."""

    def claims(self, incident_ids: Iterable[int]) -> dict[int, Promotion]:
        """The promotions that claim incidents, by incident; those that none claims are left out."""

    def openings(self, rule_id: str, limit: int) -> list[datetime]:
        """When the rule's newest projects were opened, newest first."""

    def running_in_group(self, rule_id: str, group_key: str) -> int:
        """How many projects of a group are open."""

    def of_root(self, issue_id: int) -> Promotion | None:
        """The promotion whose root issue this is."""

    def add_member(self, member: Member) -> bool:
        """Adds an incident or changes its role; True when it is new."""

    def members(self, promotion_id: int) -> list[Member]:
        """The incidents of a promotion."""

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Stores tasks that are to be created; those already there stay."""

    def tasks(self, promotion_id: int, keys: Collection[str] | None = None) -> dict[str, Task]:
        """Tasks by key: all of them, or those of the keys that there are."""

    def save_task(self, task: Task) -> None:
        """Stores a task's issue id, status and gate."""

    def task_of_issue(self, issue_id: int) -> Task | None:
        """The task an issue stands for."""


class Intakes(Protocol):
    """The issues in which candidates are decided."""

    def save(self, intake: Intake) -> None:
        """Stores the present values, new or not."""

    def of_promotion(self, promotion_id: int) -> Intake | None:
        """The issue of a candidate."""

    def of_issue(self, issue_id: int) -> Intake | None:
        """The candidate of an issue."""


class Links(Protocol):
    """Links between incidents and their own issues."""

    def add(self, link: Link) -> Link:
        """Stores a new link and returns it with its id; an incident has at most one that has not ended."""

    def save(self, link: Link) -> None:
        """Stores the present values."""

    def get(self, link_id: int) -> Link:
        """One link. Raises NotFound."""

    def of_incident(self, incident_id: int) -> Link | None:
        """The incident's link that has not ended."""

    def of_refs(self, source: str, external_ids: Sequence[str]) -> list[Link]:
        """The links, not ended, of those of a source's incidents that have one."""

    def of_issue(self, issue_id: int) -> Link | None:
        """The issue's link that has not ended."""

    def beside(self, link: Link, limit: int) -> list[Link]:
        """Other running links of its source: those whose incident was missed before, then those of its promotion."""

    def all(self, promotion_id: int | None = None) -> list[Link]:
        """Links, ended ones too, oldest first."""


class Effects(Protocol):
    """The queue as the use cases see it."""

    def enqueue(self, specs: Sequence[EffectSpec]) -> int:
        """Stores effects with the present transaction; a known `unique` stays as it is.

        Returns how many are new.
        """

    def enqueue_if_idle(self, spec: EffectSpec) -> bool:
        """Stores the effect unless one of the same kind and key is ready to run; for work that re-reads everything."""

    def is_stored(self, unique: str) -> bool:
        """Whether an effect of this name was ever stored."""

    def unfinished(self, key: str) -> tuple[str, ...]:
        """The kinds of the ready or running effects of a key, oldest first."""

    def pending(self, promotion_id: int) -> int:
        """How many effects of a promotion are neither done nor dead."""

    def dead(self, promotion_id: int) -> list[Effect]:
        """The dead effects of a promotion."""


class Resolutions(Protocol):
    """The resolutions that a rule's incidents were given, for its `resolve_at_most`."""

    def release(self, rule_id: str, unique: str, at: datetime) -> None:
        """Remembers that a stored effect may resolve an incident now."""

    def taken(self, rule_id: str, since: datetime, now: datetime, limit: int) -> list[datetime]:
        """The latest moments after `since` at which one may have been sent, newest first; `now` for one under way."""


class OwnWrites(Protocol):
    """What the bridge itself wrote, so that its own changes are not taken for somebody's."""

    def add(self, system: str, entity: str, remote_id: str) -> None:
        """Remembers a note, journal or transaction as ours."""

    def any(self, system: str, entity: str) -> bool:
        """Whether anything on this entity is known to be ours: the system gives ids for what we write."""

    def known(self, system: str, entity: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Which of these are ours."""


class Exclusions(Protocol):
    """Intervals of an incident's life that do not count in the adjusted KPIs."""

    def start(
        self, incident_id: int, promotion_id: int, policy: str, at: datetime, why: str, rule_version: str
    ) -> None:
        """Begins one; a running one of the same promotion stays."""

    def of_incidents(self, incident_ids: Sequence[int]) -> dict[int, list[Exclusion]]:
        """The exclusions of some incidents, oldest first."""

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str) -> None:
        """Ends a running one; none running is fine."""


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
