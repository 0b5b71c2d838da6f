"""Links between incidents and their own issues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from bridge.model.link import Link


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

    def of_issues(self, issue_ids: Iterable[int]) -> list[Link]:
        """The links, not ended, of those issues that have one."""

    def first_of(self, promotion_id: int) -> Link | None:
        """The oldest link of a promotion that has not ended."""

    def any_running(self, sources: Sequence[str]) -> bool:
        """Whether any incident of these sources has a link that has not ended."""

    def beside(self, link: Link, limit: int) -> list[Link]:
        """Other running links of its source: those whose incident was missed before, then those of its promotion."""

    def running_after(self, link_id: int, limit: int) -> list[Link]:
        """The next links, not ended, with ids above one, by id."""

    def all(self, promotion_id: int | None = None) -> list[Link]:
        """Links, ended ones too, oldest first."""
