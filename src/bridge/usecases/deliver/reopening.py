"""Delivers the reopening of a delivered project: its root issue goes back to work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.model.effect import Effect
from bridge.model.errors import NotApplied, NotFound, Rejected
from bridge.model.incident import State
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import HANDED_OVER, Promotion
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.project_part import Place
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing
from bridge.usecases.hand_over import back_to_work
from bridge.usecases.place import place_of
from bridge.usecases.reopen import KIND

Save = Callable[[UnitOfWork], None]
_AT_WORK = (State.IN_PROGRESS, State.NEW, State.ON_HOLD)
"""What the root may become, in the order in which it is tried: a workflow may forbid some."""


@dataclass(frozen=True, slots=True)
class Reopening:
    """The handler of `root.reopen`."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {KIND: self.reopen}

    def reopen(self, effect: Effect) -> Save:
        """Sets the root to work with a note, opening a closed project first.

        Somebody who did so before is not disturbed. Raises NotApplied with what the workflow allows.
        """
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
        delivered = datetime.fromisoformat(effect.payload["delivered"])
        if promotion.state not in HANDED_OVER or promotion.delivered_at != delivered:
            return nothing
        if promotion.root_issue_id is None or promotion.project_id is None:
            raise NotFound(f"promotion {promotion.id}", "it has no root issue to be reopened.", "See `queue dead`.")
        # A standing project is people's own: one that they closed stays closed.
        own = place_of(promotion) is Place.PROJECT
        if own and self.tracker.project(promotion.project_id).status == "closed":
            self.tracker.reopen_project(promotion.project_id)
        issue, journals = self._set_to_work(effect, promotion.root_issue_id)

        def save(uow: UnitOfWork) -> None:
            for journal in journals:
                uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))
            current = uow.promotions.get(promotion.id)
            if current.state in HANDED_OVER:
                self._active(uow, current, delivered)

        return save

    def _active(self, uow: UnitOfWork, promotion: Promotion, delivered: datetime) -> None:
        back_to_work(uow, self.configured(), promotion, delivered, self.clock.now())

    def _set_to_work(self, effect: Effect, issue_id: int) -> tuple[Issue, tuple[Journal, ...]]:
        payload = effect.payload
        policy = self.configured().policy
        note = IssueChange(note=payload["text"], note_private=False, note_key=payload["origin"])
        over = policy.delivered | policy.refused
        wanted = [policy.statuses.status_of(state) for state in _AT_WORK]
        statuses = [one for one in dict.fromkeys(wanted) if one is not None and one not in over]
        if self.tracker.read_issue(issue_id).status not in policy.delivered:
            return self.tracker.update_issue(issue_id, note, unsure=effect.unsure)
        refused: NotApplied | Rejected | None = None
        for status in statuses:
            change = IssueChange(status, note=note.note, note_private=False, note_key=note.note_key)
            try:
                # A status may be ignored and its note kept, so that from the second one on it is looked for.
                return self.tracker.update_issue(issue_id, change, unsure=effect.unsure or refused is not None)
            except (NotApplied, Rejected) as error:
                refused = refused or error
        where = f"Redmine issue #{issue_id}"
        raise refused or NotApplied(where, "`redmine.write_statuses` names no status of work.", "Name one for new.")
