"""Delivers requests for change: opens one in the incident system, and tells its number on the gate's task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotFound
from bridge.model.incident import Capability, ChangeSpec
from bridge.model.project import IssueChange
from bridge.model.promotion import RUNNING, Promotion, PromotionState, Task
from bridge.planning.gates import GateState
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.usecases.change_requests import OPEN, TELL, tell_effect
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing

Save = Callable[[UnitOfWork], None]
_OVER = frozenset({GateState.PASSED, GateState.GONE})
_MAY_ASK = RUNNING | {PromotionState.DELIVERED}


@dataclass(frozen=True, slots=True)
class ChangeDelivery:
    """Handlers of the effects on requests for change."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {OPEN: self.open, TELL: self.tell}

    def open(self, effect: Effect) -> Save:
        """Opens the request for change of a gate, about those of its incidents that are still open.

        Nothing is opened for a gate that has been passed or removed meanwhile, nor where the source no longer can:
        then the gate asks for a number, as it does everywhere else.
        """
        payload = effect.payload
        promotion, task = self._gate(effect)
        source = self.sources.get(payload["source"])
        if source is None or Capability.CHANGE not in source.capabilities:
            return nothing
        if promotion.state not in _MAY_ASK or task.issue_id is None or task.gate["state"] in _OVER:
            return nothing
        configured = self.configured()
        marker = configured.policy.origin(f"promotion {promotion.id}", f"change {task.key}")
        text = configured.texts.render(
            "change_request",
            promotion=configured.shown(promotion),
            project_url=configured.policy.project_url(promotion.identifier),
            issue_url=configured.policy.issue_url(task.issue_id),
        )
        named = tuple(one for one in payload["incidents"] if _is_open(source, one))
        spec = ChangeSpec(named, payload["title"], f"{text}\n\n{marker}", marker)
        change = source.open_change(spec, unsure=effect.unsure)

        def save(uow: UnitOfWork) -> None:
            current = uow.promotions.tasks(promotion.id, [task.key])[task.key]
            row = {**current.gate, "change": {"id": change.id, "url": change.url}}
            uow.promotions.save_task(replace(current, gate=row))
            detail = {"source": source.name, "number": change.id, "task": task.subject}
            uow.ledger.audit(self.clock.now(), "bridge", "change requested", f"promotion {promotion.id}", detail)
            uow.effects.enqueue([tell_effect(configured, promotion, task, change)])

        return save

    def tell(self, effect: Effect) -> Save:
        """Writes the number and address as a note on the gate's task; one that people removed needs none."""
        _, task = self._gate(effect)
        if task.issue_id is None:
            return nothing
        note = IssueChange(note=effect.payload["text"], note_private=False, note_key=effect.payload["origin"])
        try:
            issue, journals = self.tracker.update_issue(task.issue_id, note, unsure=effect.unsure)
        except NotFound:
            return nothing

        def save(uow: UnitOfWork) -> None:
            for journal in journals:
                uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))

        return save

    def _gate(self, effect: Effect) -> tuple[Promotion, Task]:
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            key = effect.payload["task"]
            return promotion, uow.promotions.tasks(promotion.id, [key])[key]


def _is_open(source: IncidentSource, external_id: str) -> bool:
    """An incident that is over is not touched, and one that is gone or hidden cannot be named."""
    try:
        return source.read(external_id).state.is_open
    except (NotFound, Forbidden):
        return False
