"""Delivers writes to an incident's own issue: status, assignee, notes, each read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotApplied, NotFound, Rejected
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.unlink import PROJECT_CLOSED, ended

Save = Callable[[UnitOfWork], None]
LATE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class IssueDelivery:
    """Handlers of the effects on issues."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {
            "issue.update": partial(self._unless_over, self.update),
            "issue.note": partial(self._unless_over, self.note),
            "root.note": self.root_note,
        }

    def _unless_over(self, deliver: Callable[[Effect], Save], effect: Effect) -> Save:
        """Delivers; where people closed the project after its delivery the link ends."""
        link, promotion = self._link(effect)
        if link.ended_at is not None:
            return nothing
        try:
            return deliver(effect)
        except Forbidden:
            if promotion.state is not PromotionState.DELIVERED:
                raise
            return ended(link, PROJECT_CLOSED, self.clock.now())

    def update(self, effect: Effect) -> Save:
        """Writes status and assignee of an incident's own issue, in one request.

        When somebody changed the issue after this was planned, theirs stays and it is planned again.
        """
        link, promotion = self._link(effect)
        issue_id = _issue_id(link)
        payload = effect.payload
        change, agreed = self._change(payload)
        if self._is_late(effect) and _overtaken(self.tracker.read_issue(issue_id), change, payload):
            return partial(_again, link)
        attention = link.attention
        try:
            issue, journals = self._write(promotion, issue_id, change, unsure=effect.unsure)
        except (Rejected, NotApplied, NotFound) as error:
            if change.status is None or PERSON not in agreed:
                raise
            # A person whom Redmine does not take must not keep the status from following.
            attention = f"{agreed.pop(PERSON)} could not be assigned to the issue: {error.what}"
            issue, journals = self._write(promotion, issue_id, replace(change, assignee_id=None), unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            current = uow.links.get(link.id)
            uow.links.save(replace(current, agreed={**current.agreed, **agreed}, attention=attention))
            _remember(uow, issue, journals)

        return save

    def _change(self, payload: Mapping[str, Any]) -> tuple[IssueChange, dict[str, str]]:
        """What to write, and what both sides agree on once it is written."""
        change, agreed = IssueChange(), {}
        if "state" in payload:
            change = replace(change, status=self.configured().policy.statuses.status_of(State(payload["state"])))
            agreed[STATE] = payload["state"]
        person = payload.get("person")
        user = 0 if person == NOBODY else self.configured().directory.redmine_id(person) if person else None
        if person is not None and user is not None:
            change = replace(change, assignee_id=user)
            agreed[PERSON] = person
        return change, agreed

    def _is_late(self, effect: Effect) -> bool:
        """Whether somebody may well have changed the issue since this was planned."""
        return effect.attempt > 1 or self.clock.now() - effect.created_at > LATE

    def _write(
        self, promotion: Promotion, issue_id: int, change: IssueChange, *, unsure: bool
    ) -> tuple[Issue, tuple[Journal, ...]]:
        try:
            return self.tracker.update_issue(issue_id, change, unsure=unsure)
        except Rejected:
            if not change.assignee_id or promotion.project_id is None:
                raise
            # A new handler is usually no member yet: Redmine refuses to assign to such a person.
            self.tracker.add_member(promotion.project_id, change.assignee_id, self.configured().policy.member_role)
            return self.tracker.update_issue(issue_id, change, unsure=unsure)

    def note(self, effect: Effect) -> Save:
        """Copies a note from the incident to its own issue, author and time quoted."""
        link, _ = self._link(effect)
        return self._note(effect, _issue_id(link))

    def root_note(self, effect: Effect) -> Save:
        """Writes one of the bridge's own texts as a note on a promotion's root issue."""
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
        if promotion.root_issue_id is None:
            raise NotFound(f"promotion {promotion.id}", "its root issue does not exist yet.", "See `queue dead`.")
        return self._note(effect, promotion.root_issue_id)

    def _note(self, effect: Effect, issue_id: int) -> Save:
        payload = effect.payload
        change = IssueChange(note=payload["text"], note_private=payload["private"], note_key=payload["origin"])
        issue, journals = self.tracker.update_issue(issue_id, change, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            _remember(uow, issue, journals)

        return save

    def _link(self, effect: Effect) -> tuple[Link, Promotion]:
        with self.store.reading() as uow:
            link = uow.links.get(effect.payload["link"])
            return link, uow.promotions.get(link.promotion_id)


def _overtaken(issue: Issue, change: IssueChange, was: Mapping[str, Any]) -> bool:
    """Whether a field to be written shows neither what it showed when this was planned nor what is wanted."""
    status = change.status is not None and issue.status not in {change.status, was.get("was_status", issue.status)}
    known = {change.assignee_id or None, was.get("was_assignee", issue.assignee_id)}
    return status or (change.assignee_id is not None and issue.assignee_id not in known)


def _again(link: Link, uow: UnitOfWork) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "overtaken"))


def _remember(uow: UnitOfWork, issue: Issue, journals: tuple[Journal, ...]) -> None:
    for journal in journals:
        uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))


def _issue_id(link: Link) -> int:
    if link.issue_id is None:
        raise NotFound(str(link.ref), "its own issue does not exist yet.", "See `queue dead`.")
    return link.issue_id
