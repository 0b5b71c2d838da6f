"""Delivers what gates ask for: reads a closed one, and opens it again when something is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bridge.directory.directory import Directory
from bridge.model.effect import Effect
from bridge.model.errors import Forbidden, NotApplied, NotFound, Rejected
from bridge.model.incident import Capability, ChangeState, State
from bridge.model.project import Issue, IssueChange, Journal
from bridge.model.promotion import Promotion, PromotionState, Task
from bridge.planning.gates import ROLLBACK_PAGE, Closing, GateKind, GateState, Lack, change_numbers_of, lacking
from bridge.ports import Clock, IncidentSource, ProjectTracker, Store, UnitOfWork
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import TRACKER_SYSTEM, nothing, project_effect
from bridge.usecases.gates import CHECK, REOPEN, allowed, holding, say_held, with_line
from bridge.usecases.hand_over import root_changed
from bridge.usecases.place import page_title
from bridge.usecases.policy import ROOT_TASK

Save = Callable[[UnitOfWork], None]
STATUS = "status_id"
"""How the tracker's journals name an issue's status."""
_TOO_EARLY = "was closed while something is missing: see its notes."
_MAY_DELIVER = frozenset({PromotionState.ACTIVE, PromotionState.BLOCKED})


@dataclass(frozen=True, slots=True)
class GateDelivery:
    """Handlers of the effects on gates."""

    store: Store
    sources: Mapping[str, IncidentSource]
    tracker: ProjectTracker
    configured: Callable[[], Configured]
    clock: Clock

    def handlers(self) -> Mapping[str, Callable[[Effect], Save]]:
        """Kinds of effects and who delivers them."""
        return {CHECK: self.check, REOPEN: self.reopen}

    def check(self, effect: Effect) -> Save:
        """Reads a gate, and what it waits for, and decides whether it counts as passed; writes nothing remotely."""
        promotion, task = self._gate(effect)
        if task.issue_id is None:
            return nothing
        try:
            issue = self.tracker.read_issue(task.issue_id)
        except NotFound:
            return self._stands(task, GateState.GONE, "its issue was removed: it is waited for no more.")
        if not issue.closed:
            return self._stands(task, GateState.OPEN, "")
        closing = _closing(issue)
        closed = self._closed(promotion, task, issue, closing)
        lacks = lacking(task.gate, replace(closed, changes=self._looked_up(task, closed)))
        if issue.status in self.configured().policy.refused and not any(lack.code == "closer" for lack in lacks):
            return self._stands(task, GateState.REFUSED, f"was set to “{issue.status}”: it does not count as passed.")
        if not lacks:
            return self._stands(task, GateState.PASSED, "", closing)
        return self._refused(promotion, task, closing, lacks)

    def _closed(self, promotion: Promotion, task: Task, issue: Issue, closing: Journal | None) -> Closing:
        configured = self.configured()
        person = configured.directory.person_by_redmine(closing.user_id) if closing else None
        ours = configured.policy.origin_prefix
        is_rollback = task.gate["kind"] == GateKind.ROLLBACK and promotion.project_id is not None
        title = page_title(promotion, ROLLBACK_PAGE)
        return Closing(
            description=issue.description,
            notes=[journal.notes for journal in issue.journals if journal.notes and ours not in journal.notes],
            page=self.tracker.read_page(issue.project_id, title).text if is_rollback else "",
            closer=person.key if person else "",
            allowed=allowed(configured.directory, task.gate["by"]),
        )

    def _looked_up(self, task: Task, closed: Closing) -> dict[str, ChangeState]:
        """What the incident system says of the change requests of a gate; those that it does not know are left out."""
        source = self.sources.get(task.gate.get("source", ""))
        if task.gate["kind"] != GateKind.CHANGE or source is None or Capability.CHANGE not in source.capabilities:
            return {}
        found = {}
        for number in change_numbers_of(task.gate, closed):
            try:
                found[number] = source.read_change(number).state
            except (NotFound, Forbidden, Rejected):
                continue
        return found

    def _stands(self, task: Task, state: GateState, told: str | None, closing: Journal | None = None) -> Save:
        """Stores how a gate stands and what a person is told (None: as before); what only waited for it goes on."""

        def save(uow: UnitOfWork) -> None:
            now = self.clock.now()
            current = uow.promotions.tasks(task.promotion_id, [task.key])[task.key]
            known = (current.gate.get("told"), current.gate.get("closing"))
            number = closing.id if closing else None
            row = {**current.gate, "state": state.value, "told": state.value, "closing": number}
            uow.promotions.save_task(replace(current, gate=row))
            promotion = uow.promotions.get(task.promotion_id)
            mark = _mark(task)
            if told is not None:
                attention = with_line(promotion.attention, mark, f"{mark} {told}" if told else "")
                promotion = replace(promotion, attention=attention)
                uow.promotions.save(promotion)
            if known != (state.value, number):
                who = closing.user_name if closing else "bridge"
                uow.ledger.audit(now, who, f"gate {state}", f"promotion {promotion.id}", {"task": task.subject})
            self._go_on(uow, promotion)

        return save

    def _go_on(self, uow: UnitOfWork, promotion: Promotion) -> None:
        """A delivery that only waited for its gates is handed back; one that still waits says so."""
        configured, now = self.configured(), self.clock.now()
        root = uow.promotions.tasks(promotion.id, [ROOT_TASK])[ROOT_TASK]
        if root.status not in configured.policy.delivered or promotion.state not in _MAY_DELIVER:
            return
        if waiting := holding(uow, promotion):
            say_held(uow, configured, promotion, waiting, now)
        else:
            root_changed(uow, configured, promotion, root.status, now)

    def _refused(self, promotion: Promotion, task: Task, closing: Journal | None, lacks: list[Lack]) -> Save:
        """Plans to open the gate again, once for each time that somebody closed it."""
        configured = self.configured()
        number = closing.id if closing else 0
        origin = configured.policy.origin(f"promotion {promotion.id}", f"gate {task.key} · closing {number}")
        text = configured.texts.render(
            "gate_reopened",
            lacks=lacks,
            closers=[_display(configured.directory, name) for name in task.gate["by"]],
            page=page_title(promotion, ROLLBACK_PAGE),
        )
        effect = project_effect(
            promotion.id,
            REOPEN,
            f"{task.key}:{number}",
            task=task.key,
            closing=number,
            text=f"{text}\n\n{origin}",
            origin=origin,
        )

        def save(uow: UnitOfWork) -> None:
            told = None if uow.effects.is_stored(effect.unique) else _TOO_EARLY
            self._stands(task, GateState.REFUSED, told)(uow)
            uow.effects.enqueue([effect])

        return save

    def reopen(self, effect: Effect) -> Save:
        """Opens a gate again with a note that says why; somebody who moved on meanwhile is not disturbed."""
        _, task = self._gate(effect)
        payload = effect.payload
        if task.issue_id is None:
            return nothing
        issue = self.tracker.read_issue(task.issue_id)
        closing = _closing(issue)
        if not issue.closed or (closing.id if closing else 0) != payload["closing"]:
            return nothing
        note = IssueChange(note=payload["text"], note_private=False, note_key=payload["origin"])
        change = replace(note, status=self._open_status(task))
        try:
            issue, journals = self.tracker.update_issue(issue.id, change, unsure=effect.unsure)
        except (NotApplied, Rejected) as error:
            # Redmine opens no child of a closed parent; what is missing is said all the same.
            issue, journals = self.tracker.update_issue(issue.id, note, unsure=True)
            told = f"{_TOO_EARLY} It could not be opened again: {error.what}"
            return _both(_remembered(issue, journals), self._stands(task, GateState.REFUSED, told))
        return _both(_remembered(issue, journals), self._stands(task, GateState.OPEN, ""))

    def _open_status(self, task: Task) -> str:
        policy = self.configured().policy
        before = str(task.gate.get("open_status", ""))
        return before or policy.statuses.status_of(State.IN_PROGRESS) or policy.statuses.status_of(State.NEW) or "New"

    def _gate(self, effect: Effect) -> tuple[Promotion, Task]:
        with self.store.reading() as uow:
            promotion = uow.promotions.get(effect.payload["promotion"])
            key = effect.payload["task"]
            return promotion, uow.promotions.tasks(promotion.id, [key])[key]


def _closing(issue: Issue) -> Journal | None:
    """The journal that gave the issue its present status; None when it was created with it."""
    setters = [journal for journal in issue.journals if STATUS in journal.changes]
    return setters[-1] if setters else None


def _mark(task: Task) -> str:
    return f"gate “{task.subject}”"


def _display(directory: Directory, name: str) -> str:
    person, team = directory.person(name), directory.team(name)
    return person.display if person else (team.name if team and team.name else name)


def _remembered(issue: Issue, journals: tuple[Journal, ...]) -> Save:
    def save(uow: UnitOfWork) -> None:
        for journal in journals:
            uow.own_writes.add(TRACKER_SYSTEM, str(issue.id), str(journal.id))

    return save


def _both(first: Save, second: Save) -> Save:
    def save(uow: UnitOfWork) -> None:
        first(uow)
        second(uow)

    return save
