"""Promotions, and the issues in which candidates are decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from bridge.model.intake import Intake
from bridge.model.promotion import Member, Promotion, PromotionState, Task


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
        """The newest promotion of a group; of a merged one the project that took it in."""

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

    def of_project(self, project_id: int) -> Promotion | None:
        """The newest promotion whose project this is."""

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
