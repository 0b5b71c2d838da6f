"""Delivers writes to an incident's own issue: status, assignee, notes, each read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from bridge.model.effect import Effect
from bridge.model.errors import BridgeError, Forbidden, NotApplied, NotFound, NotPossible, Postponed, Rejected
from bridge.model.link import Link
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import HANDED_OVER, Promotion
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.sync.merge import CLOSE, Side
from bridge.sync.plan import STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing
from bridge.usecases.deliver.field_change import FieldChange, Written, clock_seen, field_change, no_way
from bridge.usecases.deliver.overwritten import overwritten, overwritten_fields
from bridge.usecases.missing import issue_missed, saved
from bridge.usecases.noted import conflict_effect
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.refusals import agree, refuse
from bridge.usecases.unlink import PROJECT_CLOSED, ended

Save = Callable[[UnitOfWork], None]
LATE = CLOSE
"""A plan that is older may have been overtaken; of what is closer nobody could tell which came last."""
REFUSALS = (Rejected, NotApplied, NotFound, NotPossible)


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
            if promotion.state not in HANDED_OVER:
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
        """Writes fields of an incident's own issue in one request, a status that needs a way step by step before.

        When somebody changed the issue after this was planned, theirs stays and it is planned again.
        """
        link, promotion = self._link(effect)
        issue_id = _issue_id(link)
        change = self._change(link, effect.payload)
        there = self.tracker.read_issue(issue_id) if self._is_late(effect) else None
        if there is not None and change.overtaken(there, effect.payload):
            return partial(_again, link)
        asked = self.clock.now()
        written: list[Written] = []
        refused: dict[str, BridgeError] = {}
        try:
            written += self._on_the_way(issue_id, change, there)
            written.append(self._write(promotion, issue_id, change.whole, unsure=effect.unsure))
        except REFUSALS:
            if len(change.parts) == 1:
                raise
            # One of several that Redmine does not take must not keep the others from following.
            apart, refused = self._apart(promotion, issue_id, change)
            written += apart
        taken = {name: value for name, value in change.agreed.items() if name not in refused}
        seen = None if effect.unsure else clock_seen(self.tracker, written, asked, self.clock.now())

        made = [journal for _, journals in written for journal in journals]
        lost = [] if effect.unsure else overwritten(self.tracker, self.configured(), effect.payload, made)
        if written and not effect.unsure:
            lost += overwritten_fields(change.table, link.ref, effect.payload, written[-1][0], made)

        def save(uow: UnitOfWork) -> None:
            agree(uow, link.id, Side.ISSUE, taken)
            if lost:
                uow.effects.enqueue([conflict_effect(self.configured(), link, f"{effect.id} overwritten", lost)])
            refuse(uow, effect, Side.ISSUE, refused)
            for issue, journals in written:
                _remember(uow, issue, journals)
            if seen is not None:
                uow.sync_memory.save_clock(TRACKER_SYSTEM, *seen)
            if link.issue_missed_at is not None:
                uow.effects.enqueue_if_idle(reconcile_effect(link, "found again"))

        return save

    def _on_the_way(self, issue_id: int, change: FieldChange, there: Issue | None) -> list[Written]:
        """Takes the issue through the statuses before the wanted one; each must be allowed where the issue is then.

        Raises NotPossible before the first step when no way is known, and where a step is not allowed any more.
        """
        if change.whole.status is None:
            return []
        if change.steps is None:
            raise no_way(self.tracker.why_not(issue_id, change.whole.status))
        written: list[Written] = []
        for step, following in pairwise(change.steps_from(there)):
            issue, journals = self.tracker.update_issue(issue_id, IssueChange(status=step), unsure=there is not None)
            written.append((issue, journals))
            if issue.allowed is not None and following not in issue.allowed:
                raise no_way(self.tracker.why_not(issue_id, following))
        return written

    def _apart(
        self, promotion: Promotion, issue_id: int, change: FieldChange
    ) -> tuple[list[Written], dict[str, BridgeError]]:
        """Writes the fields one after the other; returns what was written, and the refusals by field.

        Raises the first refusal when none is taken.
        """
        written: list[Written] = []
        errors: dict[str, BridgeError] = {}
        for field, one in change.parts.items():
            try:
                if field == STATE:
                    there = self.tracker.read_issue(issue_id) if len(change.steps or ()) > 1 else None
                    written += self._on_the_way(issue_id, change, there)
                # Unsure: the attempt to write all may have written this one.
                written.append(self._write(promotion, issue_id, one, unsure=True))
            except REFUSALS as error:
                errors[field] = error
        if not written:
            raise next(iter(errors.values()))
        return written, errors

    def _change(self, link: Link, payload: Mapping[str, Any]) -> FieldChange:
        configured = self.configured()
        table = configured.policy.table(link.ref.source, payload.get("tracker", ""))
        return field_change(table, link.ref, payload, configured.directory.redmine_id)

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


def _again(link: Link, uow: UnitOfWork) -> None:
    uow.effects.enqueue_if_idle(reconcile_effect(link, "overtaken"))


def _remember(uow: UnitOfWork, issue: Issue, journals: tuple[Journal, ...]) -> None:
    for journal in journals:
        uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))


def _issue_id(link: Link) -> int:
    if link.issue_id is None:
        raise NotFound(str(link.ref), "its own issue does not exist yet.", "See `queue dead`.")
    return link.issue_id
