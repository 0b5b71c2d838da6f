"""An incident joins an open project: its own issue, a private note, a link; it stays with its handler."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.model.effect import EffectSpec
from bridge.model.incident import Incident, State
from bridge.model.link import Link
from bridge.model.promotion import RUNNING, Member, Promotion, Role, Task, TaskKind
from bridge.ports import UnitOfWork
from bridge.sync.mapping import canonical
from bridge.usecases.claims import claimed_by
from bridge.usecases.configured import Configured
from bridge.usecases.deliver.effects import activation, incident_effect, project_effect
from bridge.usecases.evidence import page_effect
from bridge.usecases.ledger.leases import lease_end
from bridge.usecases.life.joining import team_joins
from bridge.usecases.policy import ROOT_TASK, incident_task_key
from bridge.usecases.reconcile import reconcile_effect
from bridge.usecases.unlink import ended
from bridge.usecases.workaround import workaround


def attach(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, incident_ids: Iterable[int], now: datetime
) -> None:
    """Adds a group's new incidents to its open project; those that are over already only count as evidence."""
    joined = []
    for incident_id in incident_ids:
        if claimed_by(uow, incident_id, promotion.rule_id) is not None:
            continue
        incident = uow.incidents.get(incident_id)
        role = Role.LATER if incident.state.is_open else Role.EVIDENCE
        uow.promotions.add_member(Member(promotion.id, incident_id, role, now))
        joined.append(incident_id)
        if role is Role.LATER:
            linked = link_incident(uow, configured, promotion, incident_id, incident, now, later=True)
            if linked is not None:
                link, issue = linked
                ready = (issue, activation(promotion.id))
                uow.effects.enqueue([reconcile_effect(link, "joined", after=ready)])
        uow.ledger.audit(now, "bridge", "attached", str(incident.ref), {"promotion": promotion.id, "role": str(role)})
        team_joins(uow, configured, promotion, incident, now)
    if joined:
        uow.effects.enqueue_if_idle(page_effect(promotion.id))


def reopened(
    uow: UnitOfWork, configured: Configured, promotion: Promotion, incident_id: int, incident: Incident, now: datetime
) -> None:
    """An incident that was over when its project was opened came back: from now on it counts as open."""
    uow.promotions.add_member(Member(promotion.id, incident_id, Role.LATER, now))
    linked = link_incident(uow, configured, promotion, incident_id, incident, now, later=True)
    if linked is not None:
        link, issue = linked
        uow.effects.enqueue([reconcile_effect(link, "joined", after=(issue, activation(promotion.id)))])


def link_incident(
    uow: UnitOfWork,
    configured: Configured,
    promotion: Promotion,
    incident_id: int,
    incident: Incident,
    now: datetime,
    *,
    later: bool,
) -> tuple[Link, str] | None:
    """Stores an open incident's link and everything that is to be written about it.

    Returns the link and the unique name of the effect that creates the incident's own issue; None when it gets none:
    the incident has the issue of another running project, which it keeps, or the rule's limit `incident_issues` is
    reached. Then it is a row of the evidence page, told and resolved like the others. The issue of a delivered project
    is let go.
    """
    before = uow.links.of_incident(incident_id)
    if before is not None and uow.promotions.get(before.promotion_id).state in RUNNING:
        return None
    if before is not None:
        ended(before, f"it belongs to promotion {promotion.id} now", now)(uow)
    key = incident_task_key(incident.ref) if _issues_left(uow, promotion) else ""
    link = _add_link(uow, promotion, incident_id, incident, key, now)
    if promotion.terms.get("kpi") in {"pause", "remove"}:
        uow.exclusions.start(
            incident_id,
            promotion.id,
            promotion.terms["kpi"],
            now,
            promotion.reason,
            promotion.rule_version,
            expires_at=lease_end(configured, promotion, now),
        )
    if not key:
        _tell(uow, promotion, link, incident.state, _root(uow, promotion), now, later=later)
        return None
    subject = f"{incident.ref}: {incident.summary}"
    uow.promotions.add_tasks([Task(promotion.id, key, TaskKind.INCIDENT, subject)])
    issue = _own_issue(configured, promotion, link, incident, subject)
    related = project_effect(
        promotion.id, "task.relate", f"{ROOT_TASK}-{key}", task=ROOT_TASK, other=key, kind="relates"
    )
    uow.effects.enqueue([issue, related])
    _tell(uow, promotion, link, incident.state, (issue.unique,), now, later=later)
    return link, issue.unique


def _add_link(
    uow: UnitOfWork, promotion: Promotion, incident_id: int, incident: Incident, key: str, now: datetime
) -> Link:
    return uow.links.add(
        Link(
            id=0,
            incident_id=incident_id,
            ref=incident.ref,
            promotion_id=promotion.id,
            task_key=key,
            agreed={},
            created_at=now,
            notes_since=incident.updated_at,
        )
    )


def _issues_left(uow: UnitOfWork, promotion: Promotion) -> bool:
    """Whether one more incident may have an issue of its own."""
    most = promotion.terms.get("incident_issues")
    if most is None:
        return True
    used = sum(task.kind is TaskKind.INCIDENT for task in uow.promotions.tasks(promotion.id).values())
    return used < int(most)


def _root(uow: UnitOfWork, promotion: Promotion) -> tuple[str, ...]:
    """The effect that an incident without an issue of its own waits for before it hears of the project."""
    root = project_effect(promotion.id, "task.create", ROOT_TASK).unique
    return (root,) if uow.effects.is_stored(root) else ()


def _own_issue(
    configured: Configured, promotion: Promotion, link: Link, incident: Incident, subject: str
) -> EffectSpec:
    policy = configured.policy
    return project_effect(
        promotion.id,
        "task.create",
        link.task_key,
        task=link.task_key,
        link=link.id,
        state=str(canonical(incident.state)),
        subject=subject,
        description=configured.texts.render("incident_issue", incident=incident, promotion=promotion),
        tracker=policy.trackers.get(TaskKind.INCIDENT, ""),
        priority=policy.priorities.get(incident.priority or 0, ""),
    )


def _tell(
    uow: UnitOfWork,
    promotion: Promotion,
    link: Link,
    state: State,
    after: tuple[str, ...],
    now: datetime,
    *,
    later: bool,
) -> None:
    """What the incident system gets: a private note, the link, and a hold or a resolution where the rule asks for one.

    `after` is what must be there first.
    """
    text = "incident_note_later" if later else "incident_note_linked"
    to = {} if link.task_key else {"to": "project"}
    uow.effects.enqueue(
        [
            incident_effect(link, "incident.tell", "joined", text=text, what="joined", after=after),
            incident_effect(link, "incident.link", "issue", after=after, **to),
        ]
    )
    asked = promotion.terms.get("later" if later else "open")
    if asked == "hold":
        was = str(canonical(state))
        uow.effects.enqueue([incident_effect(link, "incident.state", "hold", state="on_hold", was=was, after=after)])
    elif asked == "resolve_with_workaround":
        workaround(uow, promotion, link, now, after)
