"""Delivers writes to an incident's own issue: status, assignee, notes, each read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, Forbidden, NotApplied, NotFound, Postponed, Rejected
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import Promotion, PromotionState
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import Side
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing
from bridge.usecases.missing import issue_missed, saved
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.refusals import agree, refuse
from bridge.usecases.unlink import PROJECT_CLOSED, ended

Save = Callable[[UnitOfWork], None]
LATE = timedelta(seconds=30)
REFUSALS = (Rejected, NotApplied, NotFound)


@dataclass(frozen=True, slots=True)
class IssueDelivery:
    """Handlers of the effects on issues."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self, more: Mapping[str, Callable[[Effect], Save]]) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them, with `more` that write to incidents' own issues."""
        return {
            **{kind: partial(self._unless_over, one) for kind, one in more.items()},
            "issue.update": partial(self._unless_over, self.update),
            "issue.note": partial(self._unless_over, self.note),
            "root.note": self.root_note,
        }

    def _unless_over(self, deliver: Callable[[Effect], Save], effect: Effect) -> Save:
        """Delivers; where people closed the project after its delivery the link ends.

        What is to be written to an issue that is not found waits until it is there or gone for good.
        """
        link, promotion = self._link(effect)
        if link.ended_at is not None:
            return nothing
        try:
            return deliver(effect)
        except Forbidden:
            if promotion.state is not PromotionState.DELIVERED:
                raise
            return ended(link, PROJECT_CLOSED, self.clock.now())
        except NotFound as error:
            if link.issue_id is None or self._is_there(link.issue_id):
                raise
            return self._missed(link, error)

    def _missed(self, link: Link, error: NotFound) -> Save:
        now = self.clock.now()
        miss = issue_missed(self.store, self.tracker, link, error, now)
        if miss.gone:
            return saved(miss, now, look_again=False)
        with self.store.transaction() as uow:
            saved(miss, now, look_again=False)(uow)
        raise Postponed(str(link.ref), miss.told, retry_after=miss.again.total_seconds())

    def _is_there(self, issue_id: int) -> bool:
        try:
            self.tracker.read_issue(issue_id)
        except NotFound:
            return False
        return True

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
        written: list[tuple[Issue, tuple[Journal, ...]]] = []
        refused: dict[str, BridgeError] = {}
        try:
            written.append(self._write(promotion, issue_id, change, unsure=effect.unsure))
        except REFUSALS:
            if change.status is None or change.assignee_id is None:
                raise
            # One of the two that Redmine does not take must not keep the other from following.
            written, refused = self._apart(promotion, issue_id, change)
        taken = {name: value for name, value in agreed.items() if name not in refused}

        def save(uow: UnitOfWork) -> None:
            agree(uow, link.id, Side.ISSUE, taken)
            refuse(uow, effect, Side.ISSUE, refused)
            for issue, journals in written:
                _remember(uow, issue, journals)
            if link.issue_missed_at is not None:
                uow.effects.enqueue_if_idle(reconcile_effect(link, "found again"))

        return save

    def _apart(
        self, promotion: Promotion, issue_id: int, change: IssueChange
    ) -> tuple[list[tuple[Issue, tuple[Journal, ...]]], dict[str, BridgeError]]:
        """Writes status and assignee one after the other; returns what was written, and the refusals by field.

        Raises the refusal when neither is taken.
        """
        written = []
        errors: dict[str, BridgeError] = {}
        for field, one in {STATE: replace(change, assignee_id=None), PERSON: replace(change, status=None)}.items():
            try:
                # Unsure: the attempt to write both may have written this one.
                written.append(self._write(promotion, issue_id, one, unsure=True))
            except REFUSALS as error:
                errors[field] = error
        if not written:
            raise errors[STATE]
        return written, errors

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
