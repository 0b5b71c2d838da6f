"""Delivers writes to an incident's own issue: status, assignee, notes, each read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.model.effect import Effect
from bridge.model.errors import NotFound, Rejected
from bridge.model.incident import State
from bridge.model.link import Link
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import Promotion
from bridge.ports import ProjectTracker, Store, UnitOfWork
from bridge.sync.plan import NOBODY, PERSON, STATE
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing

Save = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class IssueDelivery:
    """Handlers of the effects on issues."""

    store: Store
    tracker: ProjectTracker
    configured: Callable[[], Configured]

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {"issue.update": self.update, "issue.note": self.note, "root.note": self.root_note}

    def update(self, effect: Effect) -> Save:
        """Writes status and assignee of an incident's own issue, in one request."""
        link, promotion = self._link(effect)
        if link.ended_at is not None:
            return nothing
        issue_id = _issue_id(link)
        payload = effect.payload
        agreed: dict[str, str] = {}
        change = IssueChange(note=payload.get("note"), note_key=payload.get("origin", ""))
        if "state" in payload:
            change = replace(change, status=self.configured().policy.statuses.status_of(State(payload["state"])))
            agreed[STATE] = payload["state"]
        if "person" in payload:
            person = payload["person"]
            user = 0 if person == NOBODY else self.configured().directory.redmine_id(person)
            change = replace(change, assignee_id=user)
            if user is not None:
                agreed[PERSON] = person
        issue, journals = self._write(promotion, issue_id, change, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            current = uow.links.get(link.id)
            uow.links.save(replace(current, agreed={**current.agreed, **agreed}))
            _remember(uow, issue, journals)

        return save

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
        return nothing if link.ended_at is not None else self._note(effect, _issue_id(link))

    def root_note(self, effect: Effect) -> Save:
        """Writes one of the bridge's own texts as a private note on a promotion's root issue."""
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


def _remember(uow: UnitOfWork, issue: Issue, journals: tuple[Journal, ...]) -> None:
    for journal in journals:
        uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))


def _issue_id(link: Link) -> int:
    if link.issue_id is None:
        raise NotFound(str(link.ref), "its own issue does not exist yet.", "See `queue dead`.")
    return link.issue_id
