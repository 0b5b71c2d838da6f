"""Follows the tracker: which issues changed, and what a root issue's status means for operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.model.errors import BridgeError
from bridge.model.link import Link
from bridge.model.project import Changed
from bridge.model.promotion import HANDED_OVER, Promotion, PromotionState, Role, move
from bridge.ports import Clock, ProjectTracker, Store, UnitOfWork
from bridge.rules.schema import Mode
from bridge.usecases import gates
from bridge.usecases.attach import attach
from bridge.usecases.broadcast import listen
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import incident_effect, project_effect
from bridge.usecases.life import knowledge, owner, place
from bridge.usecases.policy import TRACKER_ENDPOINT
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.resolving import DELIVERED, resolve, turn_name
from bridge.usecases.stopping import require_running
from bridge.usecases.taking import come_since

CLOSING_NOTE = "closing note"
CURSOR = "issues"
TRACKER = "tracker"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Polls the tracker and hands delivered projects back to operations."""

    store: Store
    tracker: ProjectTracker
    configured: Configured
    clock: Clock

    def poll(self) -> list[Changed]:
        """Takes in what changed in the tracker since the last poll; returns which of its issues are ours."""
        require_running(self.store, TRACKER_ENDPOINT)
        with self.store.reading() as uow:
            cursor = uow.ledger.cursor(TRACKER, CURSOR)
        if cursor is None:
            start = self.tracker.start_cursor()
            with self.store.transaction() as uow:
                uow.ledger.set_cursor(TRACKER, CURSOR, start)
            return []
        page = self.tracker.changes(cursor)
        if page.cursor == cursor and not page.issues:
            return []
        now = self.clock.now()
        with self.store.transaction() as uow:
            ours = [issue for issue in page.issues if self.changed(uow, issue, now)]
            uow.ledger.set_cursor(TRACKER, CURSOR, page.cursor)
        return ours

    def changed(self, uow: UnitOfWork, issue: Changed, now: datetime) -> bool:
        """Takes in an issue that may have changed, or that people added; False for one that is not ours."""
        task = uow.promotions.task_of_issue(issue.id)
        if task is None:
            return place.added(uow, issue, now)
        if task.status != issue.status:
            task = replace(task, status=issue.status)
            uow.promotions.save_task(task)
        link = uow.links.of_issue(issue.id)
        promotion = uow.promotions.get(task.promotion_id)
        if task.gate:
            gates.watch(uow, promotion, task, issue, now)
        if link is not None and promotion.state in HANDED_OVER | {PromotionState.ACTIVE}:
            uow.effects.enqueue_if_idle(
                reconcile_effect(link, f"issue:{issue.updated_at.isoformat()}:{now.isoformat()}")
            )
        if promotion.root_issue_id == issue.id:
            self._root(uow, promotion, issue, now)
        listen(uow, promotion, issue.id, now)
        return True

    def _root(self, uow: UnitOfWork, promotion: Promotion, issue: Changed, now: datetime) -> None:
        try:
            with uow.savepoint():
                root_changed(uow, self.configured, promotion, issue.status, min(now, issue.updated_at))
                owner.watch(uow, self.configured, uow.promotions.get(promotion.id), issue, now)
        except BridgeError as error:
            # One promotion's trouble must not keep the others' changes from being seen.
            attention = "\n".join(filter(None, [promotion.attention, str(error)]))
            uow.promotions.save(replace(promotion, attention=attention))


def root_changed(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    status: str,
    now: datetime,
    *,
    known: bool = False,
) -> None:
    """What the root issue's status means: delivered hands back to operations, refused asks a person.

    A delivered project whose root goes back to work is active again. `now` is when the root was changed; `known`: the
    knowledge page has been looked at and is filled in.
    """
    if promotion.state in HANDED_OVER and status not in configured.policy.delivered:
        back_to_work(uow, configured, promotion, promotion.delivered_at or now, now)
        return
    if promotion.state not in {PromotionState.ACTIVE, PromotionState.BLOCKED}:
        return
    if status in configured.policy.delivered and (waiting := gates.holding(uow, promotion)):
        gates.hold_back(uow, waiting, now)
        return
    if status in configured.policy.delivered and not known and knowledge.is_required(configured, promotion):
        knowledge.ask(uow, promotion, now)
        return
    if (free := knowledge.let_go(gates.let_go(promotion))) != promotion:
        promotion = free
        uow.promotions.save(promotion)
    if status in configured.policy.delivered:
        deliver(uow, configured, promotion, now)
    elif status in configured.policy.refused:
        _ask(uow, configured, promotion, status)


def back_to_work(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, delivered: datetime, now: datetime
) -> None:
    """A delivered project is active again and takes in what is open, and what has come since its delivery.

    It takes in nothing where its rule only watches now, or is gone.
    """
    resume(uow, promotion, now)
    rule = configured.rules.get(promotion.rule_id)
    if rule is None or rule.mode not in {Mode.PROPOSE, Mode.AUTO}:
        return
    active = uow.promotions.get(promotion.id)
    attach(uow, configured, active, come_since(uow, active, delivered), now)


def resume(uow: UnitOfWork, promotion: Promotion, now: datetime) -> None:
    """The delivery is taken back: the project is active, and what is still open belongs to it again."""
    if promotion.state is PromotionState.VERIFIED:
        promotion = move(promotion, PromotionState.INEFFECTIVE)
    uow.promotions.save(replace(move(promotion, PromotionState.ACTIVE), delivered_at=None))
    uow.ledger.audit(now, "bridge", "active again", f"promotion {promotion.id}", {"name": promotion.name})
    policy = promotion.terms.get("kpi", "none")
    if policy == "none":
        return
    members = [m for m in uow.promotions.members(promotion.id) if m.role is not Role.EVIDENCE]
    for incident_id, incident in uow.incidents.many(m.incident_id for m in members).items():
        if incident.state.is_open:
            uow.exclusions.start(
                incident_id, promotion.id, policy, now, "the delivery was taken back", promotion.rule_version
            )


def _ask(uow: UnitOfWork, configured: Configured, promotion: Promotion, status: str) -> None:
    question = (
        f"its root issue was set to “{status}”: nothing was resolved. "
        "Set it to a delivered status when the work is done, or demote the promotion."
    )
    if question in promotion.attention:
        return
    attention = "\n".join(filter(None, [promotion.attention, question]))
    uow.promotions.save(replace(promotion, attention=attention))
    origin = configured.policy.origin(f"promotion {promotion.id}", f"question {status}")
    shown = configured.shown(promotion)
    text = configured.texts.render(
        "root_rejected_question", promotion=shown, status=status, open_incidents=_open_count(uow, promotion)
    )
    asked = f"{text}\n\n{origin}"
    name = f"question:{status}"
    uow.effects.enqueue([project_effect(promotion.id, "root.note", name, text=asked, origin=origin, private=False)])


def deliver(uow: UnitOfWork, configured: Configured, promotion: Promotion, now: datetime) -> None:
    """The project is delivered: its open incidents are told and, when the rule says so, resolved.

    Their exclusion from the adjusted KPIs ends. Incidents that are over already are not touched.
    """
    uow.promotions.save(replace(move(promotion, PromotionState.DELIVERED), delivered_at=now))
    uow.ledger.audit(now, "bridge", "delivered", f"promotion {promotion.id}", {"name": promotion.name})
    links = {link.incident_id: link for link in uow.links.all(promotion.id)}
    incidents = uow.incidents.many(m.incident_id for m in uow.promotions.members(promotion.id))
    for incident_id, incident in incidents.items():
        uow.exclusions.end(incident_id, promotion.id, now, "delivered")
        link = links.get(incident_id)
        # What was opened after the delivery is a recurrence: to resolve it with this project would hide it.
        if link is not None and incident.state.is_open and incident.opened_at <= now:
            _hand_back(uow, configured, promotion, link, now)


def _hand_back(uow: UnitOfWork, configured: Configured, promotion: Promotion, link: Link, now: datetime) -> None:
    """Tells an open incident and resolves it, also when its own issue has been deleted meanwhile."""
    name = _delivery(uow, link)
    tell: dict[str, Any] = {"text": "incident_closing_note", "what": f"{CLOSING_NOTE}, {name}"}
    if promotion.terms.get("on_delivery") == "resolve":
        reason = f"{promotion.name}: {configured.policy.project_url(promotion.identifier)}"
        resolve(uow, promotion, link, name, now, why=DELIVERED, tell=tell, reason=reason)
    else:
        uow.effects.enqueue([incident_effect(link, "incident.tell", name, **tell)])


def _delivery(uow: UnitOfWork, link: Link) -> str:
    """Tells one delivery of a project from the next, should the first be taken back."""
    number = 1
    while any(map(uow.effects.is_stored, _names(link, f"delivery {number}"))):
        number += 1
    return f"delivery {number}"


def _names(link: Link, name: str) -> tuple[str, str]:
    """What a delivery may have stored for an incident: its closing note, or that it waits for its turn."""
    return incident_effect(link, "incident.tell", name).unique, turn_name(link, name)


def _open_count(uow: UnitOfWork, promotion: Promotion) -> int:
    members = [m for m in uow.promotions.members(promotion.id) if m.role is not Role.EVIDENCE]
    incidents = uow.incidents.many(m.incident_id for m in members)
    return sum(incident.state.is_open for incident in incidents.values())
