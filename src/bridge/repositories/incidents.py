"""Incidents, and the groups that rules put them in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bridge.kpi.facts import IncidentFacts
from bridge.model.incident import GroupRow, Incident, IncidentRef, SavedIncident, Snapshot, TimelineEvent


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
