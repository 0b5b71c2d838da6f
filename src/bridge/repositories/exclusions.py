"""Exclusions from the KPIs, and the ledger whose rows they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bridge.kpi.adjusted import Interval
from bridge.kpi.lease import Lease
from bridge.kpi.ledger import Head, Row
from bridge.model.exclusion import Exclusion


class Exclusions(Protocol):
    """Intervals of an incident's life that do not count in the adjusted KPIs: what the rows of the ledger add up to."""

    def start(
        self,
        incident_id: int,
        promotion_id: int,
        policy: str,
        at: datetime,
        why: str,
        rule_version: str,
        *,
        expires_at: datetime | None = None,
    ) -> None:
        """Begins one; a running one of the same promotion stays. `expires_at` ends its lease unless it is extended."""

    def of_incidents(self, incident_ids: Sequence[int]) -> dict[int, list[Exclusion]]:
        """The exclusions of some incidents, oldest first."""

    def of_promotion(self, promotion_id: int) -> list[Exclusion]:
        """The exclusions of a promotion, oldest first."""

    def all(self) -> list[Exclusion]:
        """Every exclusion, oldest first."""

    def end(self, incident_id: int, promotion_id: int, at: datetime, why: str, actor: str = "") -> None:
        """Ends a running one; none running is fine. `why` is a bridge.model.exclusion.Ending."""

    def hold(self, incident_id: int, promotion_id: int, at: datetime) -> None:
        """The bridge has put the incident on hold; a hold of its own that runs stays."""

    def release(self, incident_id: int, at: datetime, why: str) -> None:
        """The bridge's hold on the incident is over; none running is fine."""

    def held(self, incident_ids: Collection[int]) -> dict[int, int]:
        """The incidents of these that are on hold by the bridge, and the promotion for which."""

    def holds(self, incident_ids: Collection[int] | None = None) -> dict[int, tuple[Interval, ...]]:
        """The bridge's own holds of some incidents (None: of all): never ordinary on-hold time."""


class KpiLedger(Protocol):
    """The ledger's rows, which are only ever added, and what belongs to them."""

    def rows(self, after: int, limit: int) -> list[Row]:
        """Rows in the order of their numbers, in parts: those after a number."""

    def newest(self) -> Head | None:
        """The head as it is now, None while there is no row."""

    def heads(self) -> list[Head]:
        """What was published, oldest first."""

    def published(self, head: Head, place: str) -> None:
        """Notes that a head stands where the ledger's owner cannot change it."""

    def leases(self, promotion_id: int) -> list[Lease]:
        """How the leases of a promotion's exclusions stand, those that have not ended and those that have lapsed."""

    def lease_row(
        self, lease: Lease, kind: str, at: datetime, expires_at: datetime, evidence: Mapping[str, Any]
    ) -> None:
        """Adds that the owner was warned, or that the lease was extended."""

    def names(self) -> Mapping[str, str]:
        """The persons behind the random ids of rows, as far as they are not forgotten."""

    def forget(self, name: str) -> int:
        """Erases a person's name and the texts in which it stands; returns how many entries went."""
